/* The graphics processor: flat coloured shapes in screen space, and the copy of the finished picture to a
 * framebuffer. */
#ifndef GX_H
#define GX_H
#include "types.h"

#define SCREEN_WIDTH 640
#define SCREEN_HEIGHT 480
#define SUBPIXELS 16 /* vertex positions are in sixteenths of a pixel */
#define SUBPIXEL_BITS 4

typedef u32 rgba; /* 0xRRGGBBAA */

struct point {
  s32 x, y; /* sixteenths of a pixel, y down */
};

enum shape { QUADS = 0x80, TRIANGLES = 0x90, TRIANGLE_STRIP = 0x98, TRIANGLE_FAN = 0xA0 };

void gx_init(void);
/* Set everything up for flat coloured shapes again, after something else was drawn. */
void gx_flat(void);
/* Announce num_vertices vertices of one shape; exactly that many gx_vertex calls must follow. */
void gx_begin(enum shape shape, u32 num_vertices);
void gx_vertex(s32 x, s32 y, rgba colour);
/* Whether alpha blends (on) or everything is opaque (off, cheaper: most of a picture should be drawn so). */
void gx_blend(u32 on);
/* Copy the picture to the framebuffer at this physical address, and clear for the next one to this colour. */
void gx_copy(u32 xfb, rgba next_clear);

/* An axis-parallel rectangle; position and size in whole pixels. */
void gx_rectangle(s32 x, s32 y, s32 width, s32 height, rgba colour);
/* The same with a colour for its upper and one for its lower edge, in subpixels. */
void gx_gradient(s32 left, s32 top, s32 right, s32 bottom, rgba upper, rgba lower);
void gx_quad(struct point a, struct point b, struct point c, struct point d, rgba colour);

/* Mix: a + (b - a) * t / 256, per channel. */
rgba mix(rgba a, rgba b, s32 t);
static inline rgba with_alpha(rgba colour, u32 alpha) { return (colour & 0xFFFFFF00u) | alpha; }
#endif

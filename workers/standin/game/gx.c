#include "gx.h"

#include "gx_registers.h"
#include "memory.h"

#define CP 0xCC000000
#define PI_FIFO_BASE 0xCC00300C
#define PI_FIFO_END 0xCC003010
#define PI_FIFO_WRITE 0xCC003014

#define GUARD 342 /* what GX adds to every screen coordinate */

static void set_cp_pair(u32 offset, u32 v) {
  REG16(CP + offset) = (u16)v;
  REG16(CP + offset + 2) = (u16)(v >> 16);
}

static void init_fifo(void) {
  const u32 end = FIFO_BASE + FIFO_BYTES - 32;
  REG16(CP + 2) = 0;
  REG16(CP + 4) = 3;
  set_cp_pair(0x20, FIFO_BASE);
  set_cp_pair(0x24, end);
  set_cp_pair(0x28, FIFO_BYTES / 2); /* watermarks */
  set_cp_pair(0x2C, FIFO_BYTES / 4);
  set_cp_pair(0x30, 0); /* distance */
  set_cp_pair(0x34, FIFO_BASE);
  set_cp_pair(0x38, FIFO_BASE);
  REG32(PI_FIFO_BASE) = FIFO_BASE;
  REG32(PI_FIFO_END) = end;
  REG32(PI_FIFO_WRITE) = FIFO_BASE;
  REG16(CP + 2) = 0x11; /* read, linked to the write side */
}

static void init_pixel_engine(void) {
  load_bp(0x00, 1 << 4);                /* one colour channel, one TEV stage, no culling */
  load_bp(0x20, (GUARD << 12) | GUARD); /* scissor: the whole screen */
  load_bp(0x21, ((SCREEN_WIDTH - 1 + GUARD) << 12) | (SCREEN_HEIGHT - 1 + GUARD));
  load_bp(0x59, (GUARD / 2) | ((GUARD / 2) << 10));                   /* scissor offset */
  load_bp(0x28, 0);                                                   /* TEV order: no texture, colour 0 */
  load_bp(0xC0, 10 | (15 << 4) | (15 << 8) | (15 << 12) | (1 << 19)); /* colour = rasterised colour */
  load_bp(0xC1, (5 << 4) | (7 << 7) | (7 << 10) | (7 << 13) | (1 << 19)); /* alpha likewise */
  load_bp(0xF6, 4);
  load_bp(0xF7, 0xE);
  load_bp(0x40, 7 << 1); /* no depth test */
  gx_blend(0);
  load_bp(0x42, 0);
  load_bp(0x43, 0);                       /* 24-bit colour */
  load_bp(0x53, (21 << 12) | (22 << 18)); /* copy filter: the row itself only, so rows stay crisp */
  load_bp(0x54, 21);
  load_bp(0xF3, (7 << 16) | (7 << 19)); /* alpha test always passes */
  load_bp(0xF1, 0);                     /* no fog */
}

static void init_vertices(void) {
  load_cp(0x30, 0);
  load_cp(0x40, 0);
  load_cp(0x50, (1 << 9) | (1 << 13)); /* position and colour 0 in line */
  load_cp(0x60, 0);
  load_cp(0x70, (3 << 1) | (SUBPIXEL_BITS << 4) | (1 << 13) | (5 << 14) | (1u << 30)); /* xy in s16, rgba8 */
  load_cp(0x80, 0x80000000u);
  load_cp(0x90, 0);
}

static void init_transform(void) {
  static const u32 identity[12] = {F_1, F_0, F_0, F_0, F_0, F_1, F_0, F_0, F_0, F_0, F_1, F_0};
  static const u32 viewport[6] = {0x43A00000 /* 320 */, 0xC3700000 /* -240 */, 0x4B7FFFFF /* 2^24 - 1 */,
                                  0x44258000 /* 662 */, 0x44118000 /* 582 */,  0x4B7FFFFF};
  static const u32 projection[7] = {
      0x3B4CCCCD /* 2/640 */, F_MINUS_1, 0xBB888889 /* -2/480 */, F_1, F_MINUS_1,
      0xBF000000 /* -1/2 */,  1 /* orthographic */};
  load_xf(0x0000, identity, 12);
  load_xf_word(0x1008, 1); /* one colour in the vertex */
  load_xf_word(0x1009, 1); /* one colour channel */
  load_xf_word(0x100C, 0xFFFFFFFFu);
  load_xf_word(0x100E, 1); /* colour and alpha from the vertex, unlit */
  load_xf_word(0x1010, 1);
  load_xf_word(0x1018, 0);
  load_xf_word(0x1019, 0);
  load_xf_word(0x103F, 0); /* no texture coordinates */
  load_xf(0x101A, viewport, 6);
  load_xf(0x1020, projection, 7);
}

void gx_flat(void) {
  init_pixel_engine();
  init_vertices();
  init_transform();
}

void gx_init(void) {
  init_fifo();
  gx_flat();
  flush();
}

/* Source alpha, its inverse; colour update on. */
void gx_blend(u32 on) { load_bp(0x41, on | (1 << 3) | (5 << 5) | (4 << 8)); }

void gx_begin(enum shape shape, u32 num_vertices) {
  WRITE8(shape);
  WRITE16(num_vertices);
}

void gx_vertex(s32 x, s32 y, rgba colour) {
  WRITE16(clamp(x, -32768, 32767));
  WRITE16(clamp(y, -32768, 32767));
  WRITE32(colour);
}

void gx_copy(u32 xfb, rgba next_clear) {
  load_bp(0x4F, 0xFF00 | (next_clear >> 24));
  load_bp(0x50, next_clear >> 8);
  load_bp(0x51, 0xFFFFFF);
  load_bp(0x49, 0);
  load_bp(0x4A, (SCREEN_WIDTH - 1) | ((SCREEN_HEIGHT - 1) << 10));
  load_bp(0x4B, xfb >> 5);
  load_bp(0x4D, SCREEN_WIDTH * 2 / 32);
  load_bp(0x4E, 0x100);
  load_bp(0x52, 0x4003 | 0x800); /* to a framebuffer, clamped, then clear */
  flush();
}

void gx_quad(struct point a, struct point b, struct point c, struct point d, rgba colour) {
  gx_begin(QUADS, 4);
  gx_vertex(a.x, a.y, colour);
  gx_vertex(b.x, b.y, colour);
  gx_vertex(c.x, c.y, colour);
  gx_vertex(d.x, d.y, colour);
}

void gx_gradient(s32 left, s32 top, s32 right, s32 bottom, rgba upper, rgba lower) {
  gx_begin(QUADS, 4);
  gx_vertex(left, top, upper);
  gx_vertex(right, top, upper);
  gx_vertex(right, bottom, lower);
  gx_vertex(left, bottom, lower);
}

void gx_rectangle(s32 x, s32 y, s32 width, s32 height, rgba colour) {
  gx_gradient(x * SUBPIXELS, y * SUBPIXELS, (x + width) * SUBPIXELS, (y + height) * SUBPIXELS, colour,
              colour);
}

rgba mix(rgba a, rgba b, s32 t) {
  rgba out = 0;
  for (u32 shift = 0; shift < 32; shift += 8) {
    s32 from = (s32)((a >> shift) & 0xFF), to = (s32)((b >> shift) & 0xFF);
    out |= (u32)(from + (((to - from) * t) >> 8)) << shift;
  }
  return out;
}

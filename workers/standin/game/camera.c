#include "camera.h"

#define CENTRE_X (SCREEN_WIDTH / 2 * SUBPIXELS)
#define CENTRE_Y (232 * SUBPIXELS) /* of the rows above the stamp */
#define ASPECT_WIDTH 640
#define ASPECT_HEIGHT 464

#define FINE_BITS 6      /* the camera glides in fractions of 1/64 unit */
#define PAN_SHARE 10     /* a tenth of the way each frame */
#define ZOOM_IN_SHARE 24 /* in slowly, out fast, so that nobody leaves the picture */
#define ZOOM_OUT_SHARE 9
#define NEAREST (62 * UNIT) /* least half-width of the view */
#define MARGIN_SIDE (34 * UNIT)
#define MARGIN_TOP (34 * UNIT)
#define MARGIN_BOTTOM (22 * UNIT)
#define LEAD (9 * UNIT)      /* looks ahead of where a fighter faces */
#define DISTANCE_PERCENT 280 /* of the eye from the fighters' plane, in half-widths */

static struct {
  s32 x, y, half_width; /* 1/64 unit, times 1 << FINE_BITS */
} eye;

static s32 widest(const struct stage *stage) {
  const s32 by_width = (stage->camera.right - stage->camera.left) / 2;
  const s32 by_height = (stage->camera.top - stage->camera.bottom) / 2 * ASPECT_WIDTH / ASPECT_HEIGHT;
  return lower(by_width, by_height);
}

void camera_reset(const struct stage *stage) {
  eye.half_width = widest(stage) << FINE_BITS;
  eye.x = ((stage->camera.left + stage->camera.right) / 2) << FINE_BITS;
  eye.y = ((stage->camera.bottom + stage->camera.top) / 2) << FINE_BITS;
}

/* The box that must be in the picture. Fighters beyond the blast zones or dead do not count. */
static struct extent subjects(const struct stage *stage, const struct frame *frame) {
  struct extent box = {32767, -32768, -32768, 32767};
  for (u32 i = 0; i < NUM_FIGHTERS; i++) {
    const struct fighter *f = &frame->fighters[i];
    if (!(f->flags & FIGHTER_PRESENT) || f->flags & FIGHTER_DEAD || f->action <= 10) continue;
    const s32 x = clamp(f->x, stage->blast.left, stage->blast.right);
    const s32 y = clamp(f->y, stage->blast.bottom, stage->blast.top);
    const s32 ahead = f->facing * LEAD;
    box.left = lower(box.left, x - MARGIN_SIDE + lower(ahead, 0));
    box.right = higher(box.right, x + MARGIN_SIDE + higher(ahead, 0));
    box.bottom = lower(box.bottom, y - MARGIN_BOTTOM);
    box.top = higher(box.top, y + MARGIN_TOP);
  }
  if (box.left > box.right) box = stage->camera;
  return box;
}

/* Keep [centre - half, centre + half] within [low, high]; centre it where it does not fit. */
static s32 confine(s32 centre, s32 half, s32 low, s32 high) {
  if (high - low < 2 * half) return (low + high) / 2;
  return clamp(centre, low + half, high - half);
}

static s32 approach(s32 from, s32 to, s32 share) { return from + (to - from) / share; }

void camera_follow(const struct stage *stage, const struct frame *frame) {
  const struct extent box = subjects(stage, frame);
  const s32 by_width = (box.right - box.left) / 2;
  const s32 by_height = (box.top - box.bottom) / 2 * ASPECT_WIDTH / ASPECT_HEIGHT;
  const s32 half_width = clamp(higher(by_width, by_height), NEAREST, widest(stage)) << FINE_BITS;
  eye.half_width =
      approach(eye.half_width, half_width, half_width < eye.half_width ? ZOOM_IN_SHARE : ZOOM_OUT_SHARE);

  const s32 half = eye.half_width >> FINE_BITS, half_height = half * ASPECT_HEIGHT / ASPECT_WIDTH;
  const s32 x = confine((box.left + box.right) / 2, half, stage->camera.left, stage->camera.right);
  const s32 y = confine((box.bottom + box.top) / 2, half_height, stage->camera.bottom, stage->camera.top);
  eye.x = approach(eye.x, x << FINE_BITS, PAN_SHARE);
  eye.y = approach(eye.y, y << FINE_BITS, PAN_SHARE);
}

struct plane camera_plane(s32 depth) {
  const s32 half_width = eye.half_width >> FINE_BITS;
  const s32 at_zero = (CENTRE_X << 12) / half_width;
  const s32 distance = half_width * DISTANCE_PERCENT / 100 / UNIT;
  return (struct plane){at_zero * distance / (distance + depth)};
}

struct point camera_project(struct plane plane, s32 x, s32 y) {
  const s32 dx = ((x << 4) - (eye.x >> (FINE_BITS - 4))), dy = ((y << 4) - (eye.y >> (FINE_BITS - 4)));
  return (struct point){CENTRE_X + (s32)(((long long)dx * plane.scale) >> 16),
                        CENTRE_Y - (s32)(((long long)dy * plane.scale) >> 16)};
}

s32 camera_length(struct plane plane, s32 length) { return (length * plane.scale) >> 12; }

struct extent camera_extent(struct plane plane) {
  const s32 half_width = (CENTRE_X << 12) / plane.scale;
  const s32 x = eye.x >> FINE_BITS, y = eye.y >> FINE_BITS;
  const s32 up = half_width * 464 / 640, down = half_width * 496 / 640;
  return (struct extent){x - half_width, x + half_width, y + up, y - down};
}

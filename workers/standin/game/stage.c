#include "stage.h"

#include "angle.h"
#include "camera.h"

#define FRONT_DEPTH (-9)
#define BACK_DEPTH 12
#define LEDGE_DEPTH 7
#define LEDGE_THICKNESS U(2.6)
#define RIM_THICKNESS U(1.6)
#define NUM_FLOOR_STRIPES 8

static struct plane front, back;

static struct point mirrored(struct plane plane, s32 side, s32 x, s32 y) {
  return camera_project(plane, side * x, y);
}

static void shaded_quad(struct point a, struct point b, struct point c, struct point d, rgba upper,
                        rgba lower) {
  gx_begin(QUADS, 4);
  gx_vertex(a.x, a.y, upper);
  gx_vertex(b.x, b.y, upper);
  gx_vertex(c.x, c.y, lower);
  gx_vertex(d.x, d.y, lower);
}

/* The front of the island, cut by cut, with a rim of the floor's colour. */
static void draw_front(const struct stage *stage, s32 side) {
  for (u32 i = 1; i < stage->num_sections; i++) {
    const struct section *a = &stage->sections[i - 1], *b = &stage->sections[i];
    const rgba inner = mix(stage->front, stage->under, 24), outer = i & 1 ? stage->front : inner;
    shaded_quad(mirrored(front, side, a->x, a->y), mirrored(front, side, b->x, b->y),
                mirrored(front, side, b->under_x, b->under_y), mirrored(front, side, a->under_x, a->under_y),
                outer, stage->under);
    shaded_quad(mirrored(front, side, a->x, a->y), mirrored(front, side, b->x, b->y),
                mirrored(front, side, b->x, b->y - RIM_THICKNESS),
                mirrored(front, side, a->x, a->y - RIM_THICKNESS), mix(stage->floor, 0xFFFFFFFFu, 70),
                mix(stage->floor, stage->front, 120));
  }
}

/* The floor as seen from above, striped so that panning shows. */
static void draw_top(const struct stage *stage, s32 side) {
  for (u32 i = 1; i < stage->num_sections; i++) {
    const struct section *a = &stage->sections[i - 1], *b = &stage->sections[i];
    shaded_quad(mirrored(back, side, a->x, a->y), mirrored(back, side, b->x, b->y),
                mirrored(front, side, b->x, b->y), mirrored(front, side, a->x, a->y),
                mix(stage->floor, stage->under, 90), stage->floor);
  }
  const s32 edge = stage->sections[stage->num_sections - 1].x, width = edge / (2 * NUM_FLOOR_STRIPES);
  const s32 flat = stage->id == YOSHIS     ? stage->sections[1].x
                   : stage->id == FOUNTAIN ? stage->sections[2].x
                                           : edge;
  for (s32 k = 0; k < NUM_FLOOR_STRIPES; k++) {
    const s32 x = (2 * k + 1) * width;
    if (x + width > flat) break;
    shaded_quad(mirrored(back, side, x, 0), mirrored(back, side, x + width, 0),
                mirrored(front, side, x + width, 0), mirrored(front, side, x, 0),
                mix(stage->floor, stage->under, 130), mix(stage->floor, stage->under, 40));
  }
}

static void draw_ledge(const struct stage *stage, struct ledge ledge) {
  const struct plane near = camera_plane(-LEDGE_DEPTH), far = camera_plane(LEDGE_DEPTH);
  const struct point a = camera_project(far, ledge.left, ledge.y),
                     b = camera_project(far, ledge.right, ledge.y);
  const struct point c = camera_project(near, ledge.right, ledge.y),
                     d = camera_project(near, ledge.left, ledge.y);
  const struct point e = camera_project(near, ledge.right - U(1), ledge.y - LEDGE_THICKNESS);
  const struct point f = camera_project(near, ledge.left + U(1), ledge.y - LEDGE_THICKNESS);
  shaded_quad(a, b, c, d, mix(stage->ledge, stage->under, 100), stage->ledge);
  shaded_quad(d, c, e, f, mix(stage->ledge, 0xFFFFFFFFu, 110), mix(stage->ledge, stage->under, 150));
}

/* Jets of water hold the Fountain's ledges up. */
void stage_draw_water(const struct stage *stage, const struct frame *frame) {
  if (stage->id != FOUNTAIN) return;
  const struct plane plane = camera_plane(0);
  for (u32 k = 0; k < stage->num_ledges; k++) {
    const struct ledge ledge = stage_ledge(stage, frame, k);
    const s32 middle = (ledge.left + ledge.right) / 2, top = ledge.y - LEDGE_THICKNESS;
    shaded_quad(camera_project(plane, middle - U(3), top), camera_project(plane, middle + U(3), top),
                camera_project(plane, middle + U(5), 0), camera_project(plane, middle - U(5), 0), 0xC8E8FF90u,
                0xC8E8FF30u);
  }
}

static void draw_puff(struct plane plane, s32 x, s32 y, s32 radius, rgba colour) {
  const struct point centre = camera_project(plane, x, y);
  const s32 r = camera_length(plane, radius);
  gx_begin(TRIANGLE_FAN, 10);
  for (s32 k = 0; k < 10; k++)
    gx_vertex(centre.x + ((r * cosine(k * 256 / 10)) >> 14), centre.y + ((r * sine(k * 256 / 10)) >> 14),
              colour);
}

/* Yoshi's cloud: solid, 11.9 wide, its top where fighters stand. */
static void draw_randall(const struct frame *frame) {
  const struct plane plane = camera_plane(0);
  const s32 x = frame->moving[0], y = frame->moving[1];
  draw_puff(plane, x, y - U(2.5), U(3.4), 0xFFFFFFFFu);
  draw_puff(plane, x - U(4), y - U(2.6), U(2.6), 0xF4F4FAFFu);
  draw_puff(plane, x + U(4), y - U(2.6), U(2.6), 0xE8E8F4FFu);
  draw_puff(plane, x - U(1.1), y - U(1.8), U(0.6), 0x303048FFu);
  draw_puff(plane, x + U(1.1), y - U(1.8), U(0.6), 0x303048FFu);
}

void stage_draw(const struct stage *stage, const struct frame *frame) {
  front = camera_plane(FRONT_DEPTH);
  back = camera_plane(BACK_DEPTH);
  draw_top(stage, -1);
  draw_top(stage, 1);
  for (u32 k = 0; k < stage->num_ledges; k++) draw_ledge(stage, stage_ledge(stage, frame, k));
  draw_front(stage, -1);
  draw_front(stage, 1);
  if (stage->id == YOSHIS) draw_randall(frame);
}

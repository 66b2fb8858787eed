/* Runs the stand-in's own camera and bodies on this machine, and notes what they would draw, vertex by vertex.
 *
 * For every frame: the camera's centre and scale, and for each of the four fighters the box of the body's
 * vertices, in subpixels. Tags, shields and other effects are no part of it.
 */
#include "body.h"
#include "camera.h"
#include "looks.h"
#include "pose.h"

#define DEAD_LAST 10

struct drawn {
  s32 is_drawn, left, top, right, bottom;
};

static struct drawn *into;

void gx_begin(enum shape shape, u32 num_vertices) {
  (void)shape;
  (void)num_vertices;
}

void gx_vertex(s32 x, s32 y, rgba colour) {
  (void)colour;
  if (!into) return;
  into->left = lower(into->left, x);
  into->right = higher(into->right, x);
  into->top = lower(into->top, y);
  into->bottom = higher(into->bottom, y);
}

rgba mix(rgba a, rgba b, s32 t) {
  (void)b;
  (void)t;
  return a;
}

/* camera: [num_frames][3], where the world's origin is on the screen, and the scale as camera_plane has it. */
void draw(u32 stage_id, const struct frame *frames, u32 num_frames, s32 (*camera)[3],
          struct drawn (*fighters)[NUM_FIGHTERS]) {
  const struct stage *stage = stage_find(stage_id);
  camera_reset(stage);
  for (u32 k = 0; k < num_frames; k++) {
    const struct frame *frame = &frames[k];
    camera_follow(stage, frame);
    const struct plane plane = camera_plane(0);
    const struct point origin = camera_project(plane, 0, 0);
    camera[k][0] = origin.x;
    camera[k][1] = origin.y;
    camera[k][2] = plane.scale;
    for (u32 slot = 0; slot < NUM_FIGHTERS; slot++) {
      const struct fighter *f = &frame->fighters[slot];
      into = &fighters[k][slot];
      *into = (struct drawn){0, 1 << 30, 1 << 30, -(1 << 30), -(1 << 30)};
      if (!(f->flags & FIGHTER_PRESENT) || f->action <= DEAD_LAST || f->flags & FIGHTER_DEAD) continue;
      into->is_drawn = 1;
      const struct stance stance = pose_of(f);
      const struct body body = {.plane = plane,
                                .x = f->x,
                                .y = f->y,
                                .facing = f->facing < 0 ? -1 : 1,
                                .grounded = !(f->flags & FIGHTER_AIRBORNE)};
      body_draw(&body, looks_of(f->character), &stance);
    }
  }
}

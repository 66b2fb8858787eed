/* The camera: follows the fighters, pans and zooms smoothly, stays within the stage's limits. */
#ifndef CAMERA_H
#define CAMERA_H
#include "gx.h"
#include "replay.h"
#include "stage_table.h"

/* Depths in whole units: 0 is the plane the fighters move in, positive is farther away. */
struct plane {
  s32 scale; /* subpixels per 1/64 unit, in 1/4096 */
};

/* Take the first look at a stage: all of it. */
void camera_reset(const struct stage *stage);
/* Move one frame's worth towards what this frame calls for. */
void camera_follow(const struct stage *stage, const struct frame *frame);

struct plane camera_plane(s32 depth);
/* World position (1/64 unit, y up) to screen. */
struct point camera_project(struct plane plane, s32 x, s32 y);
/* Length in 1/64 unit to subpixels. */
s32 camera_length(struct plane plane, s32 length);
/* The world rectangle visible on a plane. */
struct extent camera_extent(struct plane plane);
#endif

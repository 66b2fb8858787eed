/* Pieces of scenery at any depth: repeated without end in cells anchored to the world, drawn where in view.
 */
#ifndef SCENERY_H
#define SCENERY_H
#include "camera.h"

struct skyline {
  s32 depth;     /* units */
  s32 spacing;   /* of its peaks, 1/64 unit */
  s32 low, high; /* between which they lie */
  u32 seed;
  rgba crest, foot;
};

/* The row (subpixels) below which the skyline hides everything behind it. */
s32 skyline_lowest_row(const struct skyline *skyline);
/* Fill from the crest down to a row. */
void skyline_draw(const struct skyline *skyline, s32 bottom);

void scenery_disc(struct plane plane, s32 x, s32 y, s32 radius, u32 num_corners, rgba inner, rgba outer);
/* Points of light, one per cell, between two heights. */
void scenery_stars(s32 depth, s32 spacing, s32 low, s32 high, u32 seed, rgba colour);
void scenery_clouds(s32 depth, s32 spacing, s32 low, s32 high, u32 seed, rgba colour);
/* Upright posts, one per cell. */
void scenery_posts(s32 depth, s32 spacing, s32 half_width, s32 bottom, s32 top, rgba upper, rgba lower);
/* A number below modulus that looks random and is always the same. */
s32 scenery_random(s32 cell, u32 seed, s32 modulus);
#endif

/* The six legal stages: geometry, limits, colours. */
#ifndef STAGE_TABLE_H
#define STAGE_TABLE_H
#include "gx.h"
#include "replay.h"

#define U(units) \
  ((s32)((units) * UNIT)) /* constants only: folded by the compiler, no floating point at run time */

enum stage_id {
  FOUNTAIN = 2,
  STADIUM = 3,
  YOSHIS = 8,
  DREAM_LAND = 28,
  BATTLEFIELD = 31,
  FINAL_DESTINATION = 32
};

struct extent {
  s32 left, right, top, bottom; /* 1/64 unit */
};

/* One cut through the right half of the island: where its front begins and ends. The left half mirrors it. */
struct section {
  s32 x, y;             /* floor */
  s32 under_x, under_y; /* underside */
};

struct ledge {
  s32 left, right, y;
};

#define MAX_SECTIONS 6
#define MAX_LEDGES 3

struct stage {
  enum stage_id id;
  struct extent blast, camera;
  u32 num_sections;
  struct section sections[MAX_SECTIONS];
  u32 num_ledges;
  struct ledge ledges[MAX_LEDGES];
  rgba sky_top, sky_middle, sky_bottom;
  rgba ground;   /* what is seen below all scenery: the picture is cleared to it */
  s32 glow_rows; /* where the sky has this colour, too: how far above the horizon it brightens; else 0 */
  rgba floor, front, under, ledge; /* colours */
};

/* The stage with this external id; Final Destination for one that is not legal. */
const struct stage *stage_find(u32 id);
/* Ledge k in this frame, where the frame moves it. */
struct ledge stage_ledge(const struct stage *stage, const struct frame *frame, u32 k);
/* Height of the highest ground at or below (x, y); the lower blast zone where there is none. */
s32 stage_ground_below(const struct stage *stage, const struct frame *frame, s32 x, s32 y);
#endif

/* The frame stamp: which slp_frame a picture shows, and of which state, readable from its pixels. */
#ifndef STAMP_H
#define STAMP_H
#include "types.h"
#define STAMP_ROWS 16
/* Above, the frame's number; below, the seed of the state that was drawn. */
void stamp_draw(s32 slp_frame, u32 seed);
#endif

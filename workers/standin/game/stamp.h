/* The frame stamp: which slp_frame a picture shows, readable from its pixels. */
#ifndef STAMP_H
#define STAMP_H
#include "types.h"
#define STAMP_ROWS 16
void stamp_draw(s32 slp_frame);
#endif

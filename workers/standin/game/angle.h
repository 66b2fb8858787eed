/* Angles in 256ths of a turn, sines in 1/16384, and a hash for scenery that looks random and never is. */
#ifndef ANGLE_H
#define ANGLE_H
#include "gx.h"
s32 sine(s32 angle);
s32 cosine(s32 angle);
struct point rotate(struct point p, s32 angle);
u32 hash(u32 x);
#endif

#include "angle.h"

/* A quarter turn of the sine, in 1/16384. */
static const s16 quarter[65] = {
    0,     402,   804,   1205,  1606,  2006,  2404,  2801,  3196,  3590,  3981,  4370,  4756,
    5139,  5520,  5897,  6270,  6639,  7005,  7366,  7723,  8076,  8423,  8765,  9102,  9434,
    9760,  10080, 10394, 10702, 11003, 11297, 11585, 11866, 12140, 12406, 12665, 12916, 13160,
    13395, 13623, 13842, 14053, 14256, 14449, 14635, 14811, 14978, 15137, 15286, 15426, 15557,
    15679, 15791, 15893, 15986, 16069, 16143, 16207, 16261, 16305, 16340, 16364, 16379, 16384,
};

s32 sine(s32 angle) {
  const s32 a = angle & 255, step = a & 63;
  switch (a >> 6) {
    case 0: return quarter[step];
    case 1: return quarter[64 - step];
    case 2: return -quarter[step];
    default: return -quarter[64 - step];
  }
}

s32 cosine(s32 angle) { return sine(angle + 64); }

struct point rotate(struct point p, s32 angle) {
  const s32 s = sine(angle), c = cosine(angle);
  return (struct point){(p.x * c - p.y * s) >> 14, (p.x * s + p.y * c) >> 14};
}

u32 hash(u32 x) {
  x ^= x >> 16;
  x *= 0x7FEB352Du;
  x ^= x >> 15;
  x *= 0x846CA68Bu;
  return x ^ (x >> 16);
}

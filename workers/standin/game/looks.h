/* What each character looks like. */
#ifndef LOOKS_H
#define LOOKS_H
#include "gx.h"

enum feature {
  EARS_POINTED = 1,
  EARS_ROUND = 2,
  TAIL = 4,
  SWORD = 8,
  CAPE = 16,
  CAP = 32,
  CROWN = 64,
  DRESS = 128,
  SNOUT = 256,
  HORNS = 512,
  VISOR = 1024,
  SHELL = 2048,
  BALL = 4096,
  HAMMER = 8192,
  LONG_HAIR = 16384,
  FLAT = 32768,
};

struct looks {
  u8 height, girth, head; /* units; percent of height; percent of height */
  rgba body, limbs, skin, trim;
  u32 features;
};

const struct looks *looks_of(u32 character);
#endif

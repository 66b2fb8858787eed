/* A fighter's body as a set of rounded, tapered limbs with an outline. */
#ifndef BODY_H
#define BODY_H
#include "camera.h"
#include "looks.h"
#include "pose.h"

struct body {
  struct plane plane;
  s32 x, y;     /* feet, 1/64 unit */
  s32 facing;   /* -1 or 1 */
  int grounded; /* stand on the lower foot */
  rgba outline;
  rgba flash;      /* all colours are mixed towards it ... */
  s32 flash_share; /* ... by this many 256ths */
};

void body_draw(const struct body *body, const struct looks *looks, const struct stance *stance);
/* Disc of 12 corners; radius in subpixels. */
void disc_draw(struct point centre, s32 radius, rgba inner, rgba outer);
#endif

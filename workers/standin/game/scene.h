/* One picture of the game. */
#ifndef SCENE_H
#define SCENE_H
#include "gx.h"
#include "replay.h"
/* Begin a game: find its stage, put the camera at its start. */
void scene_reset(const struct replay *replay);
/* Expects the picture cleared to scene_ground(), which spares drawing it. */
void scene_draw(const struct replay *replay, const struct frame *frame);
rgba scene_ground(void);
#endif

/* One picture of the game. */
#ifndef SCENE_H
#define SCENE_H
#include "replay.h"
/* Begin a game: find its stage, put the camera at its start. */
void scene_reset(const struct replay *replay);
void scene_draw(const struct replay *replay, const struct frame *frame);
#endif

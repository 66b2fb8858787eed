/* One picture of the game. */
#ifndef SCENE_H
#define SCENE_H
#include "replay.h"
void scene_draw(const struct replay *replay, const struct frame *frame);
#endif

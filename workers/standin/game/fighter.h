/* The fighters, with what surrounds them: shadow, shield, respawn platform, hit sparks, death burst. */
#ifndef FIGHTER_H
#define FIGHTER_H
#include "stage.h"
void fighters_draw(const struct replay *replay, const struct stage *stage, const struct frame *frame);
#endif

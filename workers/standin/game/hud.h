/* Percent, stocks, timer, and the words at the start and the end. */
#ifndef HUD_H
#define HUD_H
#include "replay.h"
void hud_draw(const struct replay *replay, const struct frame *frame);
#endif

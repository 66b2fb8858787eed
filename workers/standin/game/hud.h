/* Percent, stocks, timer, and the words at the start and the end. */
#ifndef HUD_H
#define HUD_H
#include "replay.h"
/* The translucent panels first, then what stands on them. */
void hud_draw_panels(const struct replay *replay);
void hud_draw(const struct replay *replay, const struct frame *frame);
#endif

/* The fighters, with what surrounds them: shadow, shield, respawn platform, hit sparks, death burst. */
#ifndef FIGHTER_H
#define FIGHTER_H
#include "stage_table.h"
/* First what is translucent and lies behind them, then their bodies, then what is translucent and before
 * them. */
void fighters_draw_behind(const struct replay *replay, const struct stage *stage, const struct frame *frame);
void fighters_draw(const struct replay *replay, const struct frame *frame);
void fighters_draw_before(const struct replay *replay, const struct frame *frame);
#endif

/* Items and projectiles. */
#ifndef ITEM_H
#define ITEM_H
#include "replay.h"
void items_draw(const struct item *items, u32 num_items, s32 slp_frame);
#endif

/* How the stages are drawn. The camera knows their geometry, so that lies apart, in stage_table.h. */
#ifndef STAGE_H
#define STAGE_H
#include "stage_table.h"

void stage_draw(const struct stage *stage, const struct frame *frame);
/* What of it is translucent. */
void stage_draw_water(const struct stage *stage, const struct frame *frame);
#endif

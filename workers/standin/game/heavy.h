/* A benchmark's load: per picture about what Melee asks of the graphics processor. Only in the image that is
 * compiled with HEAVY_SCENE; never in the stand-in that a dataset is made with. */
#ifndef HEAVY_H
#define HEAVY_H
#include "types.h"
/* Draw it for this frame, and leave everything set up for flat shapes. */
void heavy_draw(s32 slp_frame);
#endif

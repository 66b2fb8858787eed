/* A picture, from drawing to the screen. */
#ifndef PRESENT_H
#define PRESENT_H
#include "replay.h"
/* Draw into the framebuffer that is not scanned out, and scan it out from the next field on. */
void present(const struct replay *replay, const struct frame *frame, s32 stamp);
/* The same for the screen before a game: plain, without a stamp. */
void present_waiting(void);
#endif

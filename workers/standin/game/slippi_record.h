/* Recording while playing back: the events a game sends to Slippi's device, from which it writes a new
 * replay. */
#ifndef SLIPPI_RECORD_H
#define SLIPPI_RECORD_H
#include "types.h"
/* Begin a replay; `info` is the game info as the device handed it over. */
void record_start(const u8 *info);
/* Record what was handed over for a frame, as its inputs and as the state before and, since nothing is
 * computed here, after it. */
void record_frame(s32 slp_frame, const u8 *frame);
void record_end(void);
#endif

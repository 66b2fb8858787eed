/* Slippi's playback device on EXI channel 1: what Melee asks of it, asked the same way. */
#ifndef SLIPPI_DEVICE_H
#define SLIPPI_DEVICE_H
#include "slippi_layout.h"
#include "types.h"

enum slippi_answer { SLIPPI_WAIT, SLIPPI_CONTINUE, SLIPPI_TERMINATE, SLIPPI_FAST_FORWARD };

#define SLIPPI_GAME_BLOCK 5 /* in the game info: Melee's own description of the match */

u32 slippi_is_present(void);
u32 slippi_is_file_ready(void);
/* The game info, or 0 while the device has not read that far. */
const u8 *slippi_prepare_replay(void);
/* On SLIPPI_CONTINUE and SLIPPI_FAST_FORWARD *frame is the frame's data, laid out as slippi_layout.h says,
 * until the next call. */
enum slippi_answer slippi_read_frame(s32 slp_frame, const u8 **frame);

/* Send commands that have no answer. `bytes` must be aligned to 32. */
void slippi_send(const u8 *bytes, u32 num_bytes);

u32 read_u16(const u8 *bytes);
u32 read_u32(const u8 *bytes);
#endif

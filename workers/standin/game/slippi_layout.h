/* How the characters lie in the answer to READ_FRAME, which differs between playback Dolphins.
 *
 * Up to 3.4.1 a character has 50 bytes, in newer ones 52: the C-stick's raw position follows at the end. The
 * device pads what it sends to the length that was asked for, so the length of its own answer cannot be seen
 * from here; where the characters' facings lie can.
 */
#ifndef SLIPPI_LAYOUT_H
#define SLIPPI_LAYOUT_H
#include "types.h"

#define SLIPPI_NUM_PORTS 4
#define SLIPPI_NUM_CHARACTERS (2 * SLIPPI_NUM_PORTS)
#define SLIPPI_FRAME_CHARACTERS \
  7 /* in a frame: the first of eight characters, port 0, its follower, port 1 ... */
#define SLIPPI_CHARACTER_BYTES 50
#define SLIPPI_LONG_CHARACTER_BYTES 52
#define SLIPPI_LONGEST_FRAME_BYTES \
  (SLIPPI_FRAME_CHARACTERS + SLIPPI_NUM_CHARACTERS * SLIPPI_LONG_CHARACTER_BYTES)

/* SLIPPI_CHARACTER_BYTES or SLIPPI_LONG_CHARACTER_BYTES; 0 if this frame fits both as well. */
u32 slippi_character_bytes(const u8 *frame);

/* Move characters of so many bytes to where those of SLIPPI_CHARACTER_BYTES lie; what is longer is lost. */
void slippi_repack(u8 *frame, u32 character_bytes);
#endif

#include "slippi_layout.h"

#define FACING 36 /* in a character: a float, 1 or -1 for everyone who is there */

static u32 faces_a_side(const u8 *c) {
  return (c[FACING] & 0x7F) == 0x3F && c[FACING + 1] == 0x80 && !c[FACING + 2] && !c[FACING + 3];
}

/* How many characters face a side if each has so many bytes. The first one lies alike in both. */
static u32 count_facing(const u8 *frame, u32 character_bytes) {
  u32 count = 0;
  for (u32 i = 1; i < SLIPPI_NUM_CHARACTERS; i++)
    count += faces_a_side(frame + SLIPPI_FRAME_CHARACTERS + i * character_bytes);
  return count;
}

/* The right one sees everyone who is there. The wrong one reads other fields there, which now and then look
 * like a facing, too: then the next frame decides. */
u32 slippi_character_bytes(const u8 *frame) {
  const u32 plain = count_facing(frame, SLIPPI_CHARACTER_BYTES);
  const u32 longer = count_facing(frame, SLIPPI_LONG_CHARACTER_BYTES);
  if (plain == longer) return 0;
  return plain > longer ? SLIPPI_CHARACTER_BYTES : SLIPPI_LONG_CHARACTER_BYTES;
}

void slippi_repack(u8 *frame, u32 character_bytes) {
  for (u32 i = 1; i < SLIPPI_NUM_CHARACTERS; i++) {
    const u8 *from = frame + SLIPPI_FRAME_CHARACTERS + i * character_bytes;
    u8 *to = frame + SLIPPI_FRAME_CHARACTERS + i * SLIPPI_CHARACTER_BYTES;
    for (u32 b = 0; b < SLIPPI_CHARACTER_BYTES; b++) to[b] = from[b];
  }
}

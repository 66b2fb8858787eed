#include "slippi_record.h"

#include "slippi_device.h"

/* Events of replay version 2.2, the oldest with a start event for each frame, and their sizes without the
 * command. */
#define EVENT_SIZES 0x35
#define GAME_START 0x36
#define PRE_FRAME 0x37
#define POST_FRAME 0x38
#define GAME_END 0x39
#define FRAME_START 0x3A
#define GAME_START_BYTES 0x1A2
#define PRE_FRAME_BYTES 0x3F
#define POST_FRAME_BYTES 0x33
#define GAME_END_BYTES 2
#define FRAME_START_BYTES 8

#define GAME_BLOCK_BYTES 312
#define FRAME_SEED 3 /* in a frame */

/* In a character's bytes. */
#define SEED 0
#define STICKS_AND_TRIGGER 4 /* five floats */
#define BUTTONS 24
#define POSITION_AND_FACING 28 /* three floats */
#define ACTION 40
#define RAW_X 44
#define PERCENT 46

static u8 events[0x400] __attribute__((aligned(32)));
static u32 num_bytes;

static void put8(u32 v) { events[num_bytes++] = (u8)v; }
static void put16(u32 v) {
  put8(v >> 8);
  put8(v);
}
static void put32(u32 v) {
  put16(v >> 16);
  put16(v);
}
static void put(const u8 *bytes, u32 count) {
  for (u32 i = 0; i < count; i++) put8(bytes[i]);
}
static void put_zeros(u32 count) {
  while (count--) put8(0);
}

static void send(void) {
  slippi_send(events, num_bytes);
  num_bytes = 0;
}

static void put_size(u32 command, u32 size) {
  put8(command);
  put16(size);
}

void record_start(const u8 *info) {
  put8(EVENT_SIZES);
  put8(1 + 5 * 3);
  put_size(GAME_START, GAME_START_BYTES);
  put_size(PRE_FRAME, PRE_FRAME_BYTES);
  put_size(POST_FRAME, POST_FRAME_BYTES);
  put_size(GAME_END, GAME_END_BYTES);
  put_size(FRAME_START, FRAME_START_BYTES);
  put8(GAME_START);
  put32(0x02020000);
  put(info + SLIPPI_GAME_BLOCK, GAME_BLOCK_BYTES);
  put(info + 1, 4); /* random seed */
  put_zeros(GAME_START_BYTES - 4 - GAME_BLOCK_BYTES - 4);
  send();
}

static void put_owner(s32 slp_frame, u32 character) {
  put32((u32)slp_frame);
  put8(character / 2); /* port */
  put8(character % 2); /* follower */
}

static void put_pre_frame(s32 slp_frame, u32 character, const u8 *c) {
  put8(PRE_FRAME);
  put_owner(slp_frame, character);
  put(c + SEED, 4);
  put(c + ACTION + 2, 2);
  put(c + POSITION_AND_FACING, 12);
  put(c + STICKS_AND_TRIGGER, 20);
  put(c + BUTTONS, 4);
  put_zeros(2 + 4 + 4); /* what the hand did to the buttons and triggers: the device does not say */
  put(c + RAW_X, 1);
  put(c + PERCENT, 4);
}

static void put_post_frame(s32 slp_frame, u32 character, const u8 *c) {
  put8(POST_FRAME);
  put_owner(slp_frame, character);
  put8(0); /* internal character id */
  put(c + ACTION + 2, 2);
  put(c + POSITION_AND_FACING, 12);
  put(c + PERCENT, 4);
  put_zeros(POST_FRAME_BYTES - 6 - 1 - 2 - 12 - 4);
}

static u32 is_present(const u8 *c) {
  return read_u32(c + POSITION_AND_FACING + 8) != 0; /* facing: 1 or -1 */
}

void record_frame(s32 slp_frame, const u8 *frame) {
  put8(FRAME_START);
  put32((u32)slp_frame);
  put(frame + FRAME_SEED, 4);
  for (u32 half = 0; half < 2; half++) {
    for (u32 i = 0; i < SLIPPI_NUM_CHARACTERS; i++) {
      const u8 *c = frame + SLIPPI_FRAME_CHARACTERS + i * SLIPPI_CHARACTER_BYTES;
      if (!is_present(c)) continue;
      if (half)
        put_post_frame(slp_frame, i, c);
      else
        put_pre_frame(slp_frame, i, c);
    }
  }
  send();
}

void record_end(void) {
  put8(GAME_END);
  put8(7); /* no contest */
  put8(0xFF);
  send();
}

#include "slippi_device.h"

/* Registers of EXI channel 1. */
#define EXI_STATUS 0xCC006814
#define EXI_ADDRESS 0xCC006818
#define EXI_LENGTH 0xCC00681C
#define EXI_CONTROL 0xCC006820
#define SELECT_DEVICE_0 ((1 << 7) | (5 << 4))
#define START_DMA_READ 3
#define START_DMA_WRITE 7
#define MOST_SPINS 100000 /* where no device is plugged in a transfer never ends */

#define IS_FILE_READY 0x88
#define PREPARE_REPLAY 0x75
#define GET_GECKO_CODES 0x8A
#define READ_FRAME 0x76
#define GET_DELAY 0xD5

#define GAME_INFO_BYTES 545
#define PROBE_BYTES 32

static u8 buffer[576] __attribute__((aligned(32)));
static u32 character_bytes; /* as this emulator sends them; 0 until a frame has shown it */

static void transfer(const u8 *bytes, u32 num_bytes, u32 control) {
  REG32(EXI_STATUS) = SELECT_DEVICE_0;
  REG32(EXI_ADDRESS) = PHYSICAL(bytes);
  REG32(EXI_LENGTH) = num_bytes;
  REG32(EXI_CONTROL) = control;
  for (u32 spins = 0; (REG32(EXI_CONTROL) & 1) && spins < MOST_SPINS; spins++) {
  }
  REG32(EXI_STATUS) = 0;
}

/* Send the first bytes of the buffer, and let the answer take their place. */
static void ask(u32 num_sent, u32 num_answered) {
  transfer(buffer, num_sent, START_DMA_WRITE);
  transfer(buffer, num_answered, START_DMA_READ);
}

u32 read_u16(const u8 *bytes) { return (u32)(bytes[0] << 8 | bytes[1]); }
u32 read_u32(const u8 *bytes) { return read_u16(bytes) << 16 | read_u16(bytes + 2); }

/* This answer alone begins with a 1 whatever the device is doing. An empty slot leaves the buffer alone or
 * clears it. */
u32 slippi_is_present(void) {
  for (u32 i = 0; i < PROBE_BYTES; i++) buffer[i] = 0;
  buffer[0] = GET_DELAY;
  ask(1, PROBE_BYTES);
  u32 rest = 0;
  for (u32 i = 2; i < PROBE_BYTES; i++) rest |= buffer[i];
  return buffer[0] == 1 && !rest;
}

u32 slippi_is_file_ready(void) {
  buffer[0] = IS_FILE_READY;
  ask(1, 1);
  return buffer[0] == 1;
}

/* With an empty list of memory to preserve: nothing here is ever rolled back. Melee fetches the codes next,
 * so do we. */
const u8 *slippi_prepare_replay(void) {
  static u8 info[GAME_INFO_BYTES];
  for (u32 i = 0; i < 16; i++) buffer[i] = 0;
  buffer[0] = PREPARE_REPLAY;
  ask(13, GAME_INFO_BYTES);
  if (buffer[0] != 1) return 0;
  for (u32 i = 0; i < GAME_INFO_BYTES; i++) info[i] = buffer[i];
  buffer[0] = GET_GECKO_CODES;
  ask(1, 1);
  return info;
}

enum slippi_answer slippi_read_frame(s32 slp_frame, const u8 **frame) {
  const u32 index = (u32)slp_frame;
  buffer[0] = READ_FRAME;
  for (u32 i = 0; i < 4; i++) buffer[1 + i] = (u8)(index >> (24 - 8 * i));
  ask(5, SLIPPI_LONGEST_FRAME_BYTES);
  const enum slippi_answer answer = (enum slippi_answer)buffer[0];
  if (answer == SLIPPI_CONTINUE || answer == SLIPPI_FAST_FORWARD) {
    if (!character_bytes) character_bytes = slippi_character_bytes(buffer);
    if (character_bytes) slippi_repack(buffer, character_bytes);
  }
  *frame = buffer;
  return answer;
}

void slippi_send(const u8 *bytes, u32 num_bytes) { transfer(bytes, num_bytes, START_DMA_WRITE); }

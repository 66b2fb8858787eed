/* Slippi's playback device by a script: it answers as CEXISlippi does, an answer padded to the length that is
 * read, and notes what the game shows and records. */
#include <setjmp.h>
#include <string.h>

#include "present.h"
#include "replay.h"
#include "scene.h"
#include "slippi_device.h"
#include "slippi_play.h"
#include "vi.h"

#define CONTROL 0xCC006820
#define MOST_BYTES (1 << 20)

static u32 status, address, length, control, unused;
static const u8 *pointed_at;

static u8 queue[1024];
static u32 queued;

static const u8 *game_info, *answers;
static u32 answer_bytes, num_answers;

struct frame shown[4096];
u32 num_shown;
u8 recorded[MOST_BYTES];
u32 num_recorded;

static jmp_buf way_out;
static u32 fields_left;

static void answer(const u8 *bytes, u32 count) {
  memcpy(queue, bytes, count);
  queued = count;
}

static void answer_frame(const u8 *payload) {
  const s32 index = (s32)((u32)payload[0] << 24 | (u32)payload[1] << 16 | (u32)payload[2] << 8 | payload[3]) + 123;
  const u8 terminate = SLIPPI_TERMINATE;
  if (index < 0 || (u32)index >= num_answers)
    answer(&terminate, 1);
  else
    answer(answers + (u32)index * answer_bytes, answer_bytes);
}

static void written(const u8 *bytes) {
  const u8 one = 1, delay[2] = {1, 2};
  switch (bytes[0]) {
    case 0xD5: answer(delay, 2); break;
    case 0x88: answer(&one, 1); break;
    case 0x75: answer(game_info, 545); break;
    case 0x8A: answer(&one, 1); break;
    case 0x76: answer_frame(bytes + 1); break;
    default:
      memcpy(recorded + num_recorded, bytes, length);
      num_recorded += length;
  }
}

static void transfer(void) {
  u8 *memory = (u8 *)pointed_at;
  if (control & 4)
    written(memory);
  else if (queued) {
    if (length > queued) memset(queue + queued, 0, length - queued);
    queued = length;
    memcpy(memory, queue, length);
  }
  control = 0;
}

unsigned int *exi_register(unsigned int at) {
  if (control & 1) transfer();
  switch (at) {
    case 0xCC006814: return &status;
    case 0xCC006818: return &address;
    case 0xCC00681C: return &length;
    case CONTROL: return &control;
  }
  return &unused;
}

unsigned int device_address(const void *pointer) {
  pointed_at = pointer;
  return 0;
}

void vi_wait_retrace(void) {
  if (!--fields_left) longjmp(way_out, 1);
}
void scene_reset(const struct replay *replay) { (void)replay; }
void present_waiting(void) {}
void present(const struct replay *replay, const struct frame *frame, s32 stamp) {
  (void)replay, (void)stamp;
  if (num_shown < COUNT_OF(shown)) shown[num_shown++] = *frame;
}

/* Play a game of so many frames, each answered by `bytes` bytes, and then hold its last picture for a while. */
void play(const u8 *info, const u8 *frames, u32 bytes, u32 count) {
  game_info = info;
  answers = frames;
  answer_bytes = bytes;
  num_answers = count;
  fields_left = count + 40;
  if (!setjmp(way_out)) slippi_play();
}

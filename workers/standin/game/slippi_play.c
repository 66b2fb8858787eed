#include "slippi_play.h"

#include "present.h"
#include "scene.h"
#include "slippi_device.h"
#include "slippi_record.h"
#include "vi.h"

#define FIRST_SLP_FRAME (-123)
#define LOADING_FIELDS 20 /* without a picture, as between Melee's waiting screen and its stage */
#define STAGE 0x0E        /* in the game block */
#define PLAYERS 0x60
#define PLAYER_BYTES 0x24
#define NO_PLAYER 3
#define TIMER_SECONDS 480

/* In a character's bytes; what the device hands over is the state in which the game begins to compute this
 * frame. */
#define SEED 0
#define POSITION_X 28
#define POSITION_Y 32
#define FACING 36
#define ACTION 40
#define PERCENT 46

static struct replay game;
static struct frame frame;

/* Melee's internal id of the character that has this external id. */
static const u8 internal_id[] = {2,  3,  1,  24, 4,  5,  6, 17, 0,  18, 16, 8,  9,
                                 12, 10, 15, 13, 14, 19, 7, 22, 20, 21, 26, 23, 25};

/* An IEEE-754 word as a fixed-point number with this many bits behind the point, rounded, saturated to s16.
 */
static s32 fixed(u32 word, s32 num_bits) {
  const s32 exponent = (s32)((word >> 23) & 0xFF) - 150 + num_bits;
  const s32 digits = (s32)((word & 0x7FFFFF) | 0x800000);
  s32 magnitude = 0;
  if (exponent >= 0)
    magnitude = 0x7FFF;
  else if (exponent > -25)
    magnitude = lower(((digits >> (-exponent - 1)) + 1) >> 1, 0x7FFF);
  return word & 0x80000000u ? -magnitude : magnitude;
}

static u32 is_dead(u32 action) { return action <= 10; }
static u32 is_shielding(u32 action) { return action >= 178 && action <= 182; }

/* What Melee would compute and the device does not say is left as a game starts. */
static void take_character(struct fighter *f, const u8 *bytes) {
  const u32 action = read_u32(bytes + ACTION);
  const s32 x = fixed(read_u32(bytes + POSITION_X), 6), y = fixed(read_u32(bytes + POSITION_Y), 6);
  const s32 facing = fixed(read_u32(bytes + FACING), 0);
  if (!facing && !x && !y) {
    f->flags = 0;
    return;
  }
  const u32 was_present = f->flags & FIGHTER_PRESENT;
  if (was_present && is_dead(action) && !is_dead(f->action) && f->stocks) f->stocks--;
  f->age = was_present && f->action == action ? (s16)lower(f->age + AGE_UNIT, 0x7FFF) : 0;
  f->vx = was_present ? (s16)(x - f->x) : 0;
  f->vy = was_present ? (s16)(y - f->y) : 0;
  f->x = (s16)x;
  f->y = (s16)y;
  f->facing = (s8)facing;
  f->action = (u16)action;
  f->percent = (u16)higher(fixed(read_u32(bytes + PERCENT), 6), 0);
  f->flags = FIGHTER_PRESENT;
  if (is_dead(action)) f->flags |= FIGHTER_DEAD;
  if (is_shielding(action)) f->flags |= FIGHTER_SHIELDING;
}

static void take_frame(s32 slp_frame, const u8 *bytes) {
  frame.slp_frame = slp_frame;
  frame.seed =
      read_u32(bytes + SLIPPI_FRAME_CHARACTERS + 2 * game.players[0].port * SLIPPI_CHARACTER_BYTES + SEED);
  for (u32 i = 0; i < NUM_PLAYERS; i++) {
    const u8 *character = bytes + SLIPPI_FRAME_CHARACTERS + 2 * game.players[i].port * SLIPPI_CHARACTER_BYTES;
    take_character(&frame.fighters[2 * i], character);
    take_character(&frame.fighters[2 * i + 1], character + SLIPPI_CHARACTER_BYTES);
  }
}

static void take_game(const u8 *info) {
  const u8 *block = info + SLIPPI_GAME_BLOCK;
  u32 num_players = 0;
  game.flags = REPLAY_FLAG_STAMP;
  game.stage = (u16)read_u16(block + STAGE);
  game.timer_seconds = TIMER_SECONDS;
  for (u32 port = 0; port < SLIPPI_NUM_PORTS && num_players < NUM_PLAYERS; port++) {
    const u8 *player = block + PLAYERS + port * PLAYER_BYTES;
    if (player[1] == NO_PLAYER) continue;
    struct fighter *pair = &frame.fighters[2 * num_players];
    for (u32 i = 0; i < 2; i++) {
      pair[i].character = player[0] < COUNT_OF(internal_id) ? internal_id[player[0]] : 0;
      pair[i].stocks = player[2];
      pair[i].shield = 60 * SHIELD_UNIT;
    }
    if (player[0] == 14) pair[1].character = 11; /* the Ice Climbers' second one */
    game.players[num_players].port = (u8)port;
    game.players[num_players++].costume = player[3];
  }
  frame.stadium_type = 5;      /* Pokemon Stadium as it begins */
  frame.moving[0] = 20 * UNIT; /* so do the Fountain's platforms */
  frame.moving[1] = 28 * UNIT;
}

static void wait_for_replay(void) {
  const u8 *info = 0;
  do {
    vi_wait_retrace();
    present_waiting();
  } while (!slippi_is_file_ready());
  while (!(info = slippi_prepare_replay())) vi_wait_retrace();
  take_game(info);
  record_start(info);
  scene_reset(&game);
  for (u32 i = 0; i < LOADING_FIELDS; i++) vi_wait_retrace();
}

void slippi_play(void) {
  const u8 *bytes;
  s32 slp_frame = FIRST_SLP_FRAME;
  wait_for_replay();
  for (enum slippi_answer answer = SLIPPI_WAIT; answer != SLIPPI_TERMINATE;) {
    vi_wait_retrace();
    answer = slippi_read_frame(slp_frame, &bytes);
    if (answer != SLIPPI_CONTINUE && answer != SLIPPI_FAST_FORWARD) continue;
    take_frame(slp_frame, bytes);
    record_frame(slp_frame, bytes);
    if (answer == SLIPPI_CONTINUE) present(&game, &frame, slp_frame);
    slp_frame++;
  }
  record_end();
  for (;;) {
    vi_wait_retrace();
    present(&game, &frame, slp_frame - 1);
  }
}

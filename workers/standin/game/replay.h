/* The packed replay: what pack.py writes at REPLAY_BASE, big-endian, laid out exactly as these structures.
 *
 * The program walks the steps in order. A step may print a line and may show a picture; which record it shows
 * and which number it stamps are said separately, so a packer can express a drop, a repeat, a swap, a freeze,
 * a shift, a slow stretch or a desync without any help from the program.
 */
#ifndef REPLAY_H
#define REPLAY_H
#include "types.h"

#define REPLAY_MAGIC 0x44464152u /* "DFAR" */
#define REPLAY_VERSION 2
#define REPLAY_FLAG_STAMP 1

#define NUM_PLAYERS 2
#define NUM_FIGHTERS 4 /* player 0, its follower, player 1, its follower */

#define UNIT 64 /* positions are in 64ths of Melee's unit */
#define AGE_UNIT 16
#define PERCENT_UNIT 64
#define SHIELD_UNIT 512

enum fighter_flag {
  FIGHTER_PRESENT = 1,
  FIGHTER_SHIELDING = 2,
  FIGHTER_INVULNERABLE = 4,
  FIGHTER_DEAD = 8,
  FIGHTER_OFFSCREEN = 16,
  FIGHTER_HITSTUN = 32,
  FIGHTER_AIRBORNE = 64,
  FIGHTER_FASTFALL = 128,
  FIGHTER_HITLAG = 256,
  FIGHTER_REFLECT = 512,
};

struct fighter {
  s16 x, y;   /* UNIT */
  s16 vx, vy; /* UNIT per frame, all speeds together */
  u16 action;
  s16 age;      /* AGE_UNIT, saturated */
  u16 percent;  /* PERCENT_UNIT */
  u16 shield;   /* SHIELD_UNIT, 60 is whole */
  u16 flags;    /* enum fighter_flag */
  u8 character; /* Melee's internal id */
  s8 facing;    /* -1, 0, +1 */
  u8 stocks;
  u8 hitlag; /* frames left */
  u8 last_attack;
  u8 reserved;
};

struct item {
  u16 type, state;
  s16 x, y, vx, vy; /* UNIT */
  s8 facing;
  s8 owner;     /* player 0 or 1, -1 none */
  u16 spawn_id; /* low bits of the serial number: tells items of one type apart */
};

struct frame {
  s32 slp_frame;
  u32 first_item; /* index into the items */
  u8 num_items;
  u8 whispy; /* 0 none, 1 blows left, 2 right */
  u8 stadium_event, stadium_type;
  s16 moving[2]; /* UNIT: Fountain: heights of the left and the right platform; Yoshi's: centre x and y of the
                    cloud */
  u32 seed; /* of the random numbers, as player 0's turn came: no two states have the same */
  struct fighter fighters[NUM_FIGHTERS];
};

#define NO_LINE 0x7FFFFFFF
#define NO_PICTURE 0xFFFFFFFFu /* print only; takes no field */
#define IDLE_FIELD 0xFFFFFFFEu /* let one field pass without a new picture */

struct step {
  s32 line;   /* the n of [CURRENT_FRAME] n, or NO_LINE */
  s32 stamp;  /* what the stamp says, as slp_frame */
  u32 record; /* index of the frame to show, or one of the above */
};

struct player {
  u8 port; /* 0 to 3 */
  u8 costume;
  u8 reserved[2];
};

struct replay {
  u32 magic, version;
  u32 flags;
  u32 num_steps, steps; /* addresses */
  u32 num_records, records;
  u32 num_items, items;
  s32 game_end; /* the n of [GAME_END_FRAME] n */
  u16 stage;    /* Melee's external stage id */
  u16 timer_seconds;
  struct player players[NUM_PLAYERS];
};

_Static_assert(sizeof(struct fighter) == 24, "pack.py FIGHTER");
_Static_assert(sizeof(struct item) == 16, "pack.py ITEM");
_Static_assert(sizeof(struct frame) == 116, "pack.py FRAME");
_Static_assert(sizeof(struct step) == 12, "pack.py STEP");
_Static_assert(sizeof(struct replay) == 52, "pack.py HEADER");
#endif

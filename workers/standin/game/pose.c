#include "pose.h"

enum key {
  STAND,
  BREATHE,
  WALK_A,
  WALK_B,
  RUN_A,
  RUN_B,
  BRAKE,
  SQUAT,
  LEAP,
  TUCK,
  DROP,
  HELPLESS,
  JAB,
  WIND_UP,
  PUNCH,
  UPPERCUT,
  SWEEP,
  KICK,
  BACK_KICK,
  HIGH_KICK,
  STOMP,
  STAR,
  GUARD,
  FLINCH,
  FLY,
  CURL,
  LIE,
  GRAB,
  HOLD,
  HANG,
  CLIMB,
  CHARGE,
  BEAM,
  RISE,
  DIVE,
  CHEER,
  NUM_KEYS
};

/* lean head | arm_front forearm_front arm_back forearm_back | thigh_front shin_front thigh_back shin_back |
 * sink spin */
static const struct pose keys[NUM_KEYS] = {
    [STAND] = {8, 0, 14, 70, -20, 52, 18, -10, -16, -26, 3, 0},
    [BREATHE] = {11, 2, 20, 78, -14, 60, 22, -12, -20, -30, 6, 0},
    [WALK_A] = {10, 0, -26, 10, 30, 60, 30, 4, -26, -40, 2, 0},
    [WALK_B] = {10, 0, 30, 60, -26, 10, -22, -34, 26, 0, 2, 0},
    [RUN_A] = {26, -10, -52, 4, 52, 100, 56, 6, -40, -88, 4, 0},
    [RUN_B] = {26, -10, 52, 100, -52, 4, -36, -84, 58, 2, 4, 0},
    [BRAKE] = {-22, 10, 40, 70, -10, 40, 50, 26, 14, -14, 8, 0},
    [SQUAT] = {30, -14, -10, 40, -30, 20, 66, -34, 40, -50, 24, 0},
    [LEAP] = {6, -4, 110, 128, -40, -20, 40, -20, -14, -40, 0, 0},
    [TUCK] = {20, 10, 60, 20, 50, 10, 84, -20, 70, -34, 0, 0},
    [DROP] = {-4, 6, 92, 120, -92, -120, 20, -16, -20, -34, 0, 0},
    [HELPLESS] = {-14, 20, 120, 134, -120, -134, 8, 0, -10, -14, 0, 0},
    [JAB] = {16, 0, 66, 64, -34, 40, 24, -4, -30, -34, 4, 0},
    [WIND_UP] = {-20, 6, -70, -40, -60, -20, 34, 0, -10, -20, 8, 0},
    [PUNCH] = {30, -6, 64, 64, -60, -80, 44, 10, -46, -50, 6, 0},
    [UPPERCUT] = {-10, -8, 124, 128, -20, 30, 20, -10, -20, -20, 0, 0},
    [SWEEP] = {40, -20, -50, -70, -40, -30, 60, 60, 50, -44, 22, 0},
    [KICK] = {-22, 10, -30, 20, -40, 0, 66, 64, -10, -20, 2, 0},
    [BACK_KICK] = {34, -30, 50, 80, 60, 90, 20, -20, -64, -64, 0, 0},
    [HIGH_KICK] = {-50, 30, -30, -20, -50, -40, 120, 124, -6, -20, 0, 0},
    [STOMP] = {14, 8, 90, 110, -90, -110, 6, 2, 4, 0, 0, 0},
    [STAR] = {0, 0, 80, 84, -80, -84, 34, 30, -34, -30, 0, 0},
    [GUARD] = {16, 10, 60, 126, 50, 120, 34, -14, -20, -34, 12, 0},
    [FLINCH] = {-34, -20, -40, 0, 30, 60, 40, 10, 10, -20, 4, 0},
    [FLY] = {-56, -20, 70, 90, 50, 70, 70, 54, 44, 30, 0, 0},
    [CURL] = {30, 30, 60, 100, 50, 90, 100, -10, 90, -20, 0, 0},
    [LIE] = {-64, -4, 100, 60, -100, -70, 58, 62, 66, 64, 42, 0},
    [GRAB] = {34, -10, 66, 60, 60, 56, 40, 6, -34, -40, 6, 0},
    [HOLD] = {10, 0, 70, 90, 64, 84, 26, -6, -26, -30, 4, 0},
    [HANG] = {-6, -10, 124, 126, 120, 122, 10, 0, -10, -16, 0, 0},
    [CLIMB] = {40, -10, 100, 60, 90, 50, 80, -10, 10, -40, 10, 0},
    [CHARGE] = {14, 0, -50, 40, -60, 30, 44, -10, -34, -44, 14, 0},
    [BEAM] = {12, 0, 64, 64, -30, 30, 30, -4, -34, -34, 4, 0},
    [RISE] = {0, -10, 126, 128, 118, 124, 10, -10, -12, -30, 0, 0},
    [DIVE] = {58, -30, 70, 66, 60, 60, -56, -60, -66, -64, 0, 0},
    [CHEER] = {-8, -10, 120, 128, -120, -128, 14, -2, -14, -10, 0, 0},
};

enum mode { SWAY, STEP, STRIKE, SPIN };

/* SWAY goes to and fro every `frames`; STEP goes from one key to the other in `frames` and stays; STRIKE
 * winds up from `from`, is at `to` from `frames` on, and eases back; SPIN holds `to` and turns `turn` 256ths
 * per frame. */
struct motion {
  u16 last_action; /* rows in order; a row is for the actions after the row before up to this one */
  u8 from, to, frames, mode;
  s8 turn;
  u8 swing;
};

static const struct motion motions[] = {
    {10, CURL, CURL, 1, SPIN, 12, 0},     /* dead */
    {11, STAND, BREATHE, 40, SWAY, 0, 0}, /* asleep */
    {13, STAND, BREATHE, 40, SWAY, 0, 0}, /* on the respawn platform */
    {14, STAND, BREATHE, 36, SWAY, 0, 0}, /* wait */
    {15, WALK_A, WALK_B, 22, SWAY, 0, 0},
    {16, WALK_A, WALK_B, 16, SWAY, 0, 0},
    {17, WALK_A, WALK_B, 12, SWAY, 0, 0},
    {18, BRAKE, STAND, 8, STEP, 0, 0}, /* turn */
    {19, BRAKE, STAND, 12, STEP, 0, 0},
    {20, RUN_A, RUN_B, 9, SWAY, 0, 0}, /* dash */
    {22, RUN_A, RUN_B, 8, SWAY, 0, 0}, /* run */
    {23, RUN_A, BRAKE, 4, STEP, 0, 0},
    {24, STAND, SQUAT, 3, STEP, 0, 0},    /* about to jump */
    {26, LEAP, DROP, 24, STEP, 0, 0},     /* jump */
    {28, TUCK, DROP, 22, STEP, 12, 0},    /* double jump */
    {34, DROP, STAR, 30, SWAY, 0, 0},     /* fall */
    {37, HELPLESS, DROP, 20, SWAY, 0, 0}, /* fall, helpless */
    {38, FLY, CURL, 14, SWAY, 3, 0},      /* tumble */
    {39, STAND, SQUAT, 5, STEP, 0, 0},
    {40, SQUAT, SQUAT, 30, SWAY, 0, 0}, /* crouch */
    {41, SQUAT, STAND, 6, STEP, 0, 0},
    {43, SQUAT, STAND, 14, STEP, 0, 0}, /* land */
    {44, STAND, JAB, 3, STRIKE, 0, SWING_ARM},
    {45, JAB, PUNCH, 3, STRIKE, 0, SWING_ARM},
    {49, JAB, KICK, 4, STRIKE, 0, SWING_LEG},
    {50, RUN_A, KICK, 6, STRIKE, 0, SWING_LEG},       /* dash attack */
    {55, STAND, KICK, 7, STRIKE, 0, SWING_LEG},       /* forward tilt */
    {56, SQUAT, UPPERCUT, 7, STRIKE, 0, SWING_ARM},   /* up tilt */
    {57, SQUAT, SWEEP, 6, STRIKE, 0, SWING_LEG},      /* down tilt */
    {62, WIND_UP, PUNCH, 14, STRIKE, 0, SWING_ARM},   /* forward smash */
    {63, SQUAT, HIGH_KICK, 10, STRIKE, 0, SWING_LEG}, /* up smash */
    {64, SQUAT, SWEEP, 7, STRIKE, 0, SWING_LEG},      /* down smash */
    {65, DROP, STAR, 5, STRIKE, 14, SWING_ALL},       /* neutral air */
    {66, LEAP, KICK, 8, STRIKE, 0, SWING_LEG},        /* forward air */
    {67, DROP, BACK_KICK, 6, STRIKE, 0, SWING_LEG},   /* back air */
    {68, DROP, HIGH_KICK, 6, STRIKE, 0, SWING_LEG},   /* up air */
    {69, LEAP, STOMP, 8, STRIKE, 0, SWING_LEG},       /* down air */
    {74, SQUAT, STAND, 18, STEP, 0, 0},               /* land from one of these */
    {83, FLINCH, STAND, 18, STEP, 0, 0},              /* hit on the ground */
    {86, FLINCH, DROP, 20, STEP, 0, 0},               /* hit in the air */
    {90, FLY, FLY, 1, SPIN, -5, 0},                   /* sent flying */
    {91, CURL, CURL, 1, SPIN, -16, 0},
    {93, STAND, SQUAT, 6, STRIKE, 0, 0},             /* pick up */
    {115, WIND_UP, PUNCH, 8, STRIKE, 0, SWING_ARM},  /* throw an item */
    {177, WIND_UP, PUNCH, 10, STRIKE, 0, SWING_ARM}, /* swing, shoot an item */
    {178, STAND, GUARD, 4, STEP, 0, 0},
    {179, GUARD, GUARD, 30, SWAY, 0, 0},
    {180, GUARD, STAND, 12, STEP, 0, 0},
    {182, FLINCH, GUARD, 8, STEP, 0, 0},
    {183, FLY, LIE, 6, STEP, 0, 0}, /* on the floor, face up */
    {185, LIE, LIE, 30, SWAY, 0, 0},
    {186, LIE, STAND, 26, STEP, 0, 0},
    {187, LIE, SWEEP, 16, STRIKE, 0, SWING_LEG},
    {190, CURL, STAND, 28, STEP, 14, 0}, /* roll from the floor */
    {191, FLY, LIE, 6, STEP, 0, 0},      /* face down */
    {193, LIE, LIE, 30, SWAY, 0, 0},
    {194, LIE, STAND, 26, STEP, 0, 0},
    {195, LIE, SWEEP, 16, STRIKE, 0, SWING_LEG},
    {198, CURL, STAND, 28, STEP, 14, 0},
    {199, CURL, STAND, 22, STEP, 0, 0}, /* tech */
    {201, CURL, STAND, 34, STEP, 14, 0},
    {204, TUCK, LEAP, 10, STEP, 0, 0},   /* off walls and ceilings */
    {210, FLY, LIE, 24, STEP, 0, 0},     /* shield broken */
    {211, HOLD, FLINCH, 30, SWAY, 0, 0}, /* dizzy */
    {215, STAND, GRAB, 5, STRIKE, 0, 0},
    {216, HOLD, HOLD, 20, SWAY, 0, 0},
    {217, HOLD, KICK, 6, STRIKE, 0, SWING_LEG},
    {218, FLINCH, STAND, 14, STEP, 0, 0},
    {222, HOLD, PUNCH, 10, STRIKE, 0, SWING_ARM}, /* throws */
    {232, FLINCH, HELPLESS, 24, SWAY, 0, 0},      /* held */
    {233, CURL, STAND, 30, STEP, 10, 0},          /* roll ahead */
    {234, CURL, STAND, 30, STEP, -10, 0},         /* roll back */
    {235, FLINCH, STAND, 22, STEP, 0, 0},         /* sidestep */
    {236, CURL, DROP, 34, STEP, 8, 0},            /* airdodge */
    {238, FLINCH, STAND, 16, STEP, 0, 0},
    {243, FLY, FLY, 1, SPIN, 6, 0},         /* thrown */
    {244, SQUAT, DROP, 10, STEP, 0, 0},     /* through a platform */
    {246, BRAKE, HELPLESS, 20, SWAY, 0, 0}, /* teeter */
    {251, FLINCH, FLY, 14, STEP, 0, 0},
    {253, HANG, HANG, 30, SWAY, 0, 0}, /* on the ledge */
    {261, HANG, CLIMB, 20, STEP, 0, 0},
    {263, CLIMB, LEAP, 12, STEP, 0, 0},
    {265, STAND, CHEER, 30, SWAY, 0, 0},     /* taunt */
    {321, FLINCH, HELPLESS, 20, SWAY, 0, 0}, /* carried, buried, frozen and the like */
    {324, CHEER, STAND, 40, STEP, 0, 0},     /* enter */
    {340, FLINCH, HELPLESS, 20, SWAY, 0, 0},
};

/* Special moves: the game's own numbering says nothing about how they look, so four kinds take turns. */
static const struct motion specials[4] = {
    {0, CHARGE, BEAM, 10, STRIKE, 0, SWING_ARM},
    {0, STAND, PUNCH, 10, STRIKE, 0, SWING_ARM},
    {0, SQUAT, RISE, 8, STRIKE, 0, 0},
    {0, LEAP, DIVE, 8, STRIKE, 0, SWING_LEG},
};

static const struct motion *motion_of(u32 action) {
  if (action > motions[COUNT_OF(motions) - 1].last_action) return &specials[(action / 2) & 3];
  u32 low = 0, high = COUNT_OF(motions) - 1;
  while (low < high) {
    const u32 middle = (low + high) / 2;
    if (motions[middle].last_action < action)
      low = middle + 1;
    else
      high = middle;
  }
  return &motions[low];
}

/* Share of `to` in 256ths at this age (1/16 frame). */
static s32 progress(const struct motion *m, s32 age) {
  const s32 span = m->frames * AGE_UNIT;
  s32 t;
  switch (m->mode) {
    case SWAY:
      t = age % (2 * span);
      t = (t > span ? 2 * span - t : t) * 256 / span;
      return t;
    case STEP: return lower(age * 256 / span, 256);
    case STRIKE:
      if (age < span) return age * 256 / span * age / span; /* speeds up into the blow */
      return higher(256 - higher(age - span - 6 * AGE_UNIT, 0) / 2, 40);
    default: return 256;
  }
}

static s16 between(s16 a, s16 b, s32 t) { return (s16)(a + ((b - a) * t >> 8)); }

struct stance pose_of(const struct fighter *fighter) {
  const struct motion *m = motion_of(fighter->action);
  const s32 age = higher(fighter->age, 0), t = progress(m, age), span = m->frames * AGE_UNIT;
  const struct pose *a = &keys[m->from], *b = &keys[m->to];
  struct stance stance;
  struct pose *p = &stance.pose;
  p->lean = between(a->lean, b->lean, t);
  p->head = between(a->head, b->head, t);
  p->arm_front = between(a->arm_front, b->arm_front, t);
  p->forearm_front = between(a->forearm_front, b->forearm_front, t);
  p->arm_back = between(a->arm_back, b->arm_back, t);
  p->forearm_back = between(a->forearm_back, b->forearm_back, t);
  p->thigh_front = between(a->thigh_front, b->thigh_front, t);
  p->shin_front = between(a->shin_front, b->shin_front, t);
  p->thigh_back = between(a->thigh_back, b->thigh_back, t);
  p->shin_back = between(a->shin_back, b->shin_back, t);
  p->sink = between(a->sink, b->sink, t);
  const int turns = m->mode == SPIN || age < span || m->swing == SWING_ALL;
  p->spin = turns ? (s16)((m->turn * age / AGE_UNIT) & 255) : 0;
  const int strikes = m->mode == STRIKE && age >= span - 2 * AGE_UNIT && age < span + 5 * AGE_UNIT;
  stance.swing = strikes ? (enum swing)m->swing : NO_SWING;
  stance.glow = fighter->action > 340 ? clamp(255 - age / 3, 90, 255) : 0;
  return stance;
}

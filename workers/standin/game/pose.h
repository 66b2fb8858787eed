/* How a body stands: joint angles for each of Melee's action states, from its age. */
#ifndef POSE_H
#define POSE_H
#include "replay.h"

/* Angles in 256ths of a turn. Limbs: 0 hangs down, 64 points ahead, 128 up. Torso and head: 0 upright,
 * positive leans ahead. */
struct pose {
  s16 lean, head;
  s16 arm_front, forearm_front, arm_back, forearm_back;
  s16 thigh_front, shin_front, thigh_back, shin_back;
  s16 sink; /* how far the hips are lowered, percent of height */
  s16 spin; /* of the whole body about its middle, forwards */
};

enum swing { NO_SWING, SWING_ARM, SWING_LEG, SWING_ALL };

struct stance {
  struct pose pose;
  enum swing swing; /* the limb that strikes, in the frames in which it may */
  s32 glow;         /* 0 to 255: a special move's light */
};

struct stance pose_of(const struct fighter *fighter);
#endif

/* What surrounds a fighter: shadow, shield, sparks, trails, the respawn platform, the burst at the blast
 * zone. */
#ifndef EFFECTS_H
#define EFFECTS_H
#include "pose.h"
#include "stage_table.h"
void effect_shadow(const struct stage *stage, const struct frame *frame, const struct fighter *f, s32 height);
void effect_halo(const struct fighter *f, rgba team, s32 slp_frame);
void effect_trail(const struct fighter *f, s32 height);
void effect_glow(const struct fighter *f, s32 height, rgba colour, s32 strength);
void effect_swing(const struct fighter *f, s32 height, const struct stance *stance);
void effect_shield(const struct fighter *f, s32 height, rgba team);
void effect_spark(const struct fighter *f, s32 height, s32 slp_frame);
void effect_tag(const struct fighter *f, s32 height, rgba team, u32 is_follower);
/* Where a fighter is out of the picture: a marker at its edge. */
void effect_off_screen(const struct fighter *f, s32 height, rgba team, rgba body);
void effect_death(const struct fighter *f, rgba team);
#endif

#include "fighter.h"

#include "angle.h"
#include "body.h"
#include "camera.h"
#include "effects.h"
#include "palette.h"

enum {
  DEAD_LAST = 10,
  REBIRTH = 12,
  REBIRTH_WAIT = 13,
  GUARD_FIRST = 178,
  GUARD_OFF = 180,
  GUARD_LAST = 182
};

/* Worked out once a picture, in fighters_draw_behind. */
static struct stance stances[NUM_FIGHTERS];

static int is_dead(const struct fighter *f) { return f->action <= DEAD_LAST || f->flags & FIGHTER_DEAD; }
static int is_drawn(const struct fighter *f) { return f->flags & FIGHTER_PRESENT && !is_dead(f); }
static s32 height_of(const struct fighter *f) { return looks_of(f->character)->height * UNIT; }
static int is_struck(const struct fighter *f) {
  return f->flags & FIGHTER_HITLAG && f->flags & FIGHTER_HITSTUN;
}

static int is_shielding(const struct fighter *f) {
  return f->flags & FIGHTER_SHIELDING ||
         (f->action >= GUARD_FIRST && f->action <= GUARD_LAST && f->action != GUARD_OFF);
}

static rgba team_of(const struct replay *replay, u32 slot) {
  return palette_port(replay->players[slot / 2].port);
}

/* What the body is tinted with: white where nothing can hit it, white and red in turn while a blow freezes
 * it. */
static void choose_flash(struct body *body, const struct fighter *f, const struct stance *stance,
                         s32 slp_frame) {
  if (is_struck(f)) {
    body->flash = f->hitlag & 1 ? 0xFFFFFFFFu : 0xFF3020FFu;
    body->flash_share = 170;
  } else if (f->flags & FIGHTER_INVULNERABLE) {
    body->flash = 0xFFFFFFFFu;
    body->flash_share = slp_frame & 4 ? 150 : 60;
  } else if (f->flags & (FIGHTER_FASTFALL | FIGHTER_HITLAG)) {
    body->flash = 0xFFFFFFFFu;
    body->flash_share = f->flags & FIGHTER_HITLAG ? 70 : 30;
  } else if (stance->glow) {
    body->flash = 0xFFF0A0FFu;
    body->flash_share = stance->glow / 5;
  }
}

void fighters_draw_behind(const struct replay *replay, const struct stage *stage, const struct frame *frame) {
  for (u32 slot = 0; slot < NUM_FIGHTERS; slot++) {
    const struct fighter *f = &frame->fighters[slot];
    if (!is_drawn(f)) continue;
    const s32 height = height_of(f);
    stances[slot] = pose_of(f);
    effect_shadow(stage, frame, f, height);
    if (f->action == REBIRTH || f->action == REBIRTH_WAIT)
      effect_halo(f, team_of(replay, slot), frame->slp_frame);
    if (f->flags & FIGHTER_HITSTUN) effect_trail(f, height);
    if (stances[slot].glow) effect_glow(f, height, looks_of(f->character)->trim, stances[slot].glow);
  }
}

void fighters_draw(const struct replay *replay, const struct frame *frame) {
  for (u32 slot = NUM_FIGHTERS; slot-- > 0;) {
    const struct fighter *f = &frame->fighters[slot];
    if (!is_drawn(f)) continue;
    const rgba team = team_of(replay, slot);
    struct body body = {.plane = camera_plane(0),
                        .x = f->x,
                        .y = f->y,
                        .facing = f->facing < 0 ? -1 : 1,
                        .grounded = !(f->flags & FIGHTER_AIRBORNE),
                        .outline = mix(team, 0x000000FFu, 110)};
    choose_flash(&body, f, &stances[slot], frame->slp_frame);
    body_draw(&body, looks_of(f->character), &stances[slot]);
    effect_tag(f, height_of(f), team, slot & 1);
  }
}

void fighters_draw_before(const struct replay *replay, const struct frame *frame) {
  for (u32 slot = 0; slot < NUM_FIGHTERS; slot++) {
    const struct fighter *f = &frame->fighters[slot];
    const s32 height = height_of(f);
    if (f->flags & FIGHTER_PRESENT && is_dead(f)) effect_death(f, team_of(replay, slot));
    if (!is_drawn(f)) continue;
    if (stances[slot].swing) effect_swing(f, height, &stances[slot]);
    if (is_shielding(f)) effect_shield(f, height, team_of(replay, slot));
    if (is_struck(f)) effect_spark(f, height, frame->slp_frame);
    effect_off_screen(f, height, team_of(replay, slot), looks_of(f->character)->body);
  }
}

#include "fighter.h"

#include "angle.h"
#include "body.h"
#include "camera.h"
#include "effects.h"
#include "palette.h"

enum { DEAD_LAST = 10, REBIRTH = 12, REBIRTH_WAIT = 13, GUARD_FIRST = 178, GUARD_LAST = 182 };

static int is_shielding(const struct fighter *f) {
  return f->flags & FIGHTER_SHIELDING || (f->action >= GUARD_FIRST && f->action <= GUARD_LAST && f->action != 180);
}

/* What the body is tinted with: white where nothing can hit it, red while a blow freezes it. */
static void choose_flash(struct body *body, const struct fighter *f, const struct stance *stance, s32 slp_frame) {
  const int frozen = f->flags & FIGHTER_HITLAG;
  if (frozen && f->flags & FIGHTER_HITSTUN) {
    body->flash = f->hitlag & 1 ? 0xFFFFFFFFu : 0xFF3020FFu;
    body->flash_share = 170;
  } else if (f->flags & FIGHTER_INVULNERABLE) {
    body->flash = 0xFFFFFFFFu;
    body->flash_share = slp_frame & 4 ? 150 : 60;
  } else if (f->flags & FIGHTER_FASTFALL || frozen) {
    body->flash = 0xFFFFFFFFu;
    body->flash_share = frozen ? 70 : 30;
  } else if (stance->glow) {
    body->flash = 0xFFF0A0FFu;
    body->flash_share = stance->glow / 5;
  }
}

static void draw_fighter(const struct replay *replay, const struct stage *stage, const struct frame *frame, u32 slot) {
  const struct fighter *f = &frame->fighters[slot];
  const rgba team = palette_port(replay->players[slot / 2].port);
  if (!(f->flags & FIGHTER_PRESENT)) return;
  if (f->action <= DEAD_LAST || f->flags & FIGHTER_DEAD) {
    effect_death(f, team);
    return;
  }
  const struct looks *looks = looks_of(f->character);
  const struct stance stance = pose_of(f);
  const struct plane plane = camera_plane(0);
  const s32 height = looks->height * UNIT;
  struct body body = {.plane = plane, .x = f->x, .y = f->y, .facing = f->facing < 0 ? -1 : 1, .size = 256,
                      .grounded = !(f->flags & FIGHTER_AIRBORNE), .outline = mix(team, 0x000000FFu, 110)};
  choose_flash(&body, f, &stance, frame->slp_frame);
  effect_shadow(stage, frame, f, height);
  if (f->action == REBIRTH || f->action == REBIRTH_WAIT) effect_halo(f, team, frame->slp_frame);
  if (f->flags & FIGHTER_HITSTUN) effect_trail(f, height);
  if (stance.glow) effect_glow(f, height, looks->trim, stance.glow);
  body_draw(&body, looks, &stance);
  if (stance.swing) effect_swing(f, height, &stance);
  if (is_shielding(f)) effect_shield(f, height, team);
  if (f->flags & FIGHTER_HITLAG && f->flags & FIGHTER_HITSTUN) effect_spark(f, height, frame->slp_frame);
  effect_tag(f, height, team, slot & 1);
}

void fighters_draw(const struct replay *replay, const struct stage *stage, const struct frame *frame) {
  for (u32 i = NUM_FIGHTERS; i-- > 0;) draw_fighter(replay, stage, frame, i);
}

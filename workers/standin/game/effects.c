#include "effects.h"

#include "angle.h"
#include "body.h"
#include "camera.h"

#define WHITE 0xFFFFFF00u
#define DEATH_FRAMES 50
#define SHIELD_FULL (60 * SHIELD_UNIT)

static struct point middle(const struct fighter *f, s32 height) {
  return camera_project(camera_plane(0), f->x, f->y + height / 2);
}

static struct point polar(struct point centre, s32 angle, s32 radius) {
  return (struct point){centre.x + ((radius * cosine(angle)) >> 14),
                        centre.y + ((radius * sine(angle)) >> 14)};
}

static void draw_ray(struct point centre, s32 angle, s32 half_angle, s32 from, s32 to, rgba inner,
                     rgba outer) {
  const struct point a = polar(centre, angle - half_angle, from), b = polar(centre, angle + half_angle, from),
                     c = polar(centre, angle, to);
  gx_begin(TRIANGLES, 3);
  gx_vertex(a.x, a.y, inner);
  gx_vertex(b.x, b.y, inner);
  gx_vertex(c.x, c.y, outer);
}

void effect_shadow(const struct stage *stage, const struct frame *frame, const struct fighter *f,
                   s32 height) {
  const s32 ground = stage_ground_below(stage, frame, f->x, f->y);
  if (ground <= stage->blast.bottom) return;
  const struct plane plane = camera_plane(0);
  const s32 width = camera_length(plane, height * 2 / 5) * 64 / (64 + (f->y - ground) / UNIT);
  const struct point centre = camera_project(plane, f->x, ground);
  gx_begin(TRIANGLE_FAN, 10);
  for (s32 k = 0; k < 10; k++)
    gx_vertex(centre.x + ((width * cosine(k * 256 / 10)) >> 14),
              centre.y + ((width * sine(k * 256 / 10)) >> 16), 0x00000070u);
}

void effect_halo(const struct fighter *f, rgba team, s32 slp_frame) {
  const struct plane plane = camera_plane(0);
  const struct point centre = camera_project(plane, f->x, f->y - U(0.6));
  const s32 width = camera_length(plane, U(9)), pulse = absolute((slp_frame & 31) - 16) * 4;
  gx_begin(TRIANGLE_FAN, 14);
  gx_vertex(centre.x, centre.y, 0xFFFFFFFFu);
  for (s32 k = 0; k <= 12; k++) {
    const s32 angle = k * 256 / 12;
    gx_vertex(centre.x + ((width * cosine(angle)) >> 14), centre.y + ((width * sine(angle)) >> 16),
              with_alpha(team, (u32)(150 + pulse)));
  }
  gx_gradient(centre.x - width * 3 / 4, centre.y, centre.x + width * 3 / 4, centre.y + width,
              with_alpha(team, 0x70), with_alpha(team, 0));
}

void effect_trail(const struct fighter *f, s32 height) {
  const s32 speed = absolute(f->vx) + absolute(f->vy);
  if (speed < U(1.5)) return;
  const struct plane plane = camera_plane(0);
  for (s32 k = 1; k <= 5; k++) {
    const struct point puff = camera_project(plane, f->x - f->vx * k * 2, f->y + height / 2 - f->vy * k * 2);
    const u32 alpha = (u32)(150 - 26 * k);
    disc_draw(puff, camera_length(plane, height / 5 - k * UNIT / 4), with_alpha(WHITE, alpha),
              with_alpha(0xD8C8B000u, alpha / 3));
  }
}

void effect_glow(const struct fighter *f, s32 height, rgba colour, s32 strength) {
  disc_draw(middle(f, height), camera_length(camera_plane(0), height * 4 / 5),
            with_alpha(colour, (u32)strength * 3 / 5), with_alpha(colour, 0));
}

void effect_swing(const struct fighter *f, s32 height, const struct stance *stance) {
  const struct plane plane = camera_plane(0);
  const s32 arm = stance->swing == SWING_ARM, reach = camera_length(plane, height * 4 / 5);
  const s32 limb = arm ? stance->pose.forearm_front : stance->pose.shin_front;
  const struct point pivot = camera_project(plane, f->x, f->y + height * (arm ? 70 : 50) / 100);
  const s32 facing = f->facing < 0 ? -1 : 1, span = stance->swing == SWING_ALL ? 256 : 88;
  const s32 last = stance->swing == SWING_ALL ? 14 : 6;
  gx_begin(TRIANGLE_STRIP, (u32)(last + 1) * 2);
  for (s32 k = 0; k <= last; k++) {
    const s32 angle = limb - span * k / last;
    const struct point way = {facing * sine(angle), cosine(angle)};
    const u32 alpha = stance->swing == SWING_ALL ? 120 : (u32)(190 - 30 * k);
    gx_vertex(pivot.x + ((reach * way.x) >> 14), pivot.y + ((reach * way.y) >> 14), with_alpha(WHITE, alpha));
    gx_vertex(pivot.x + ((reach * 5 / 8 * way.x) >> 14), pivot.y + ((reach * 5 / 8 * way.y) >> 14),
              with_alpha(0xFFF0B000u, 0));
  }
}

void effect_shield(const struct fighter *f, s32 height, rgba team) {
  const s32 whole = height * 13 / 20,
            radius = whole * (SHIELD_FULL / 4 + f->shield) / (SHIELD_FULL + SHIELD_FULL / 4);
  const s32 r = camera_length(camera_plane(0), radius);
  disc_draw(middle(f, height), r, with_alpha(WHITE, 0x50), with_alpha(team, 0xB8));
  const struct point shine = middle(f, height);
  disc_draw((struct point){shine.x - r * 2 / 5, shine.y - r * 2 / 5}, r / 4, with_alpha(WHITE, 0xC0),
            with_alpha(WHITE, 0));
}

void effect_spark(const struct fighter *f, s32 height, s32 slp_frame) {
  const struct point centre = middle(f, height);
  const s32 reach = camera_length(camera_plane(0), height * (8 + f->hitlag) / 10);
  const s32 turn = (s32)(hash((u32)(slp_frame + f->hitlag)) & 63);
  disc_draw(centre, reach / 2, with_alpha(WHITE, 0xF0), with_alpha(0xFFE06000u, 0));
  for (s32 k = 0; k < 8; k++)
    draw_ray(centre, turn + k * 32, 6, reach / 5, k & 1 ? reach : reach * 3 / 5, 0xFFFFFFF0u, 0xFFB83040u);
}

void effect_tag(const struct fighter *f, s32 height, rgba team, u32 is_follower) {
  const struct point top = camera_project(camera_plane(0), f->x, f->y + height * 5 / 4);
  const s32 size = (is_follower ? 4 : 7) * SUBPIXELS;
  gx_begin(TRIANGLES, 3);
  gx_vertex(top.x - size, top.y - size, team);
  gx_vertex(top.x + size, top.y - size, team);
  gx_vertex(top.x, top.y + size / 2, mix(team, 0x000000FFu, 90));
}

void effect_off_screen(const struct fighter *f, s32 height, rgba team, rgba body) {
  enum {
    RADIUS = 24 * SUBPIXELS,
    LEFT = 30 * SUBPIXELS,
    RIGHT = 610 * SUBPIXELS,
    TOP = 30 * SUBPIXELS,
    BOTTOM = 434 * SUBPIXELS
  };
  const struct point at = middle(f, height);
  if (at.x >= 0 && at.x <= SCREEN_WIDTH * SUBPIXELS && at.y >= 0 && at.y <= 464 * SUBPIXELS) return;
  const struct point centre = {clamp(at.x, LEFT, RIGHT), clamp(at.y, TOP, BOTTOM)};
  const struct point out = {clamp(at.x - centre.x, -RADIUS, RADIUS), clamp(at.y - centre.y, -RADIUS, RADIUS)};
  disc_draw(centre, RADIUS, with_alpha(WHITE, 0xE0), with_alpha(team, 0xFF));
  disc_draw(centre, RADIUS / 2, body, mix(body, 0x000000FFu, 90));
  gx_begin(TRIANGLES, 3); /* points to where he is */
  gx_vertex(centre.x + out.x * 5 / 4, centre.y + out.y * 5 / 4, team);
  gx_vertex(centre.x + (out.x - out.y) * 3 / 4, centre.y + (out.y + out.x) * 3 / 4, team);
  gx_vertex(centre.x + (out.x + out.y) * 3 / 4, centre.y + (out.y - out.x) * 3 / 4, team);
}

/* A fan of light from where the fighter left the picture, pointing back into it. */
void effect_death(const struct fighter *f, rgba team) {
  const s32 age = f->age / AGE_UNIT;
  if (age < 0 || age >= DEATH_FRAMES) return;
  const struct point out = camera_project(camera_plane(0), f->x, f->y);
  const struct point centre = {clamp(out.x, 0, SCREEN_WIDTH * SUBPIXELS), clamp(out.y, 0, 464 * SUBPIXELS)};
  const u32 alpha = (u32)(255 - age * 255 / DEATH_FRAMES);
  const s32 reach = (140 + 9 * lower(age, 24)) * SUBPIXELS, turn = age;
  for (s32 k = 0; k < 14; k++)
    draw_ray(centre, turn + k * 256 / 14, 5, reach * (k & 1 ? 256 : 170) / 256, 0, with_alpha(WHITE, 0),
             with_alpha(k % 3 ? team : WHITE, alpha));
  disc_draw(centre, (40 + 3 * age) * SUBPIXELS, with_alpha(WHITE, alpha), with_alpha(team, 0));
}

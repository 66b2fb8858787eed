#include "body.h"

#include "angle.h"

#define MAX_PARTS 32
#define OUTLINE_WIDTH 30 /* subpixels */
#define DISC_CORNERS 12

/* A limb: two round ends of different size, and what joins them. In screen space. */
struct part {
  struct point a, b;
  s32 radius_a, radius_b;
  rgba colour;
};

static struct part parts[MAX_PARTS];
static u32 num_parts;

/* What the body's own coordinates (1/64 unit, x ahead, y up from the feet) become on the screen. */
static const struct body *drawn;
static s32 unit; /* height of the body */
static s32 drawn_spin;
static s32 lift;

static struct point place(struct point p) {
  const s32 middle = unit / 2;
  p.y += lift;
  if (drawn_spin) {
    p.y -= middle;
    p = rotate(p, -drawn_spin);
    p.y += middle;
  }
  return camera_project(drawn->plane, drawn->x + drawn->facing * p.x, drawn->y + p.y);
}

static s32 share(s32 percent) { return unit * percent / 100; }

static void add(struct point a, struct point b, s32 radius_a, s32 radius_b, rgba colour) {
  if (num_parts == MAX_PARTS) return;
  parts[num_parts++] = (struct part){place(a), place(b), camera_length(drawn->plane, radius_a),
                                     camera_length(drawn->plane, radius_b), colour};
}

/* From p, this far in a direction: 0 is down, 64 ahead, 128 up. */
static struct point along(struct point p, s32 angle, s32 length) {
  return (struct point){p.x + ((length * sine(angle)) >> 14), p.y - ((length * cosine(angle)) >> 14)};
}

/* Near enough for normals: exact to 4 %. */
static s32 length_of(s32 dx, s32 dy) {
  const s32 x = absolute(dx), y = absolute(dy);
  return x > y ? x + (y * 3 >> 3) : y + (x * 3 >> 3);
}

void disc_draw(struct point centre, s32 radius, rgba inner, rgba outer) {
  gx_begin(TRIANGLE_FAN, DISC_CORNERS + 2);
  gx_vertex(centre.x, centre.y, inner);
  for (s32 k = 0; k <= DISC_CORNERS; k++) {
    const s32 angle = k * 256 / DISC_CORNERS;
    gx_vertex(centre.x + ((radius * cosine(angle)) >> 14), centre.y + ((radius * sine(angle)) >> 14), outer);
  }
}

/* Lit from above: the side of a limb that faces up is brighter. */
static void draw_part(const struct part *p, s32 grow, rgba light, rgba dark) {
  const s32 ra = p->radius_a + grow, rb = p->radius_b + grow;
  const s32 dx = p->b.x - p->a.x, dy = p->b.y - p->a.y, length = length_of(dx, dy);
  if (length < ra / 2) {
    gx_begin(TRIANGLE_FAN, DISC_CORNERS);
    for (s32 k = 0; k < DISC_CORNERS; k++) {
      const s32 angle = k * 256 / DISC_CORNERS, up = sine(angle);
      gx_vertex(p->a.x + ((ra * cosine(angle)) >> 14), p->a.y + ((ra * up) >> 14), up < 0 ? light : dark);
    }
    return;
  }
  const s32 ux = dx * 64 / length, uy = dy * 64 / length; /* along the limb, in 1/64 */
  const int upper = ux >= 0;                              /* whether the first side faces up */
  const rgba first = upper ? light : dark, second = upper ? dark : light;
  gx_begin(TRIANGLE_FAN, 8);
  gx_vertex(p->a.x + ((uy * ra - ux * ra / 2) >> 6), p->a.y + ((-ux * ra - uy * ra / 2) >> 6), first);
  gx_vertex(p->b.x + ((uy * rb + ux * rb / 2) >> 6), p->b.y + ((-ux * rb + uy * rb / 2) >> 6), first);
  gx_vertex(p->b.x + ((uy * rb / 2 + ux * rb) >> 6), p->b.y + ((-ux * rb / 2 + uy * rb) >> 6), first);
  gx_vertex(p->b.x + ((-uy * rb / 2 + ux * rb) >> 6), p->b.y + ((ux * rb / 2 + uy * rb) >> 6), second);
  gx_vertex(p->b.x + ((-uy * rb + ux * rb / 2) >> 6), p->b.y + ((ux * rb + uy * rb / 2) >> 6), second);
  gx_vertex(p->a.x + ((-uy * ra - ux * ra / 2) >> 6), p->a.y + ((ux * ra - uy * ra / 2) >> 6), second);
  gx_vertex(p->a.x + ((-uy * ra / 2 - ux * ra) >> 6), p->a.y + ((ux * ra / 2 - uy * ra) >> 6), second);
  gx_vertex(p->a.x + ((uy * ra / 2 - ux * ra) >> 6), p->a.y + ((-ux * ra / 2 - uy * ra) >> 6), first);
}

static void draw_parts(void) {
  for (u32 i = 0; i < num_parts; i++) draw_part(&parts[i], OUTLINE_WIDTH, drawn->outline, drawn->outline);
  for (u32 i = 0; i < num_parts; i++) {
    const rgba colour =
        drawn->flash_share ? mix(parts[i].colour, drawn->flash, drawn->flash_share) : parts[i].colour;
    draw_part(&parts[i], 0, mix(colour, 0xFFFFFFFFu, 56), mix(colour, 0x100820FFu, 84));
  }
}

static struct point add_leg(struct point hip, s32 thigh, s32 shin, s32 length, const struct looks *looks) {
  const struct point knee = along(hip, thigh, share(length)), foot = along(knee, shin, share(length));
  add(hip, knee, share(6), share(5), looks->limbs);
  add(knee, foot, share(5), share(4), looks->limbs);
  add(foot, along(foot, shin + 58, share(7)), share(4), share(3), mix(looks->trim, 0x000000FFu, 60));
  return foot;
}

static struct point add_arm(struct point shoulder, s32 upper, s32 fore, s32 length,
                            const struct looks *looks) {
  const struct point elbow = along(shoulder, upper, share(length)), hand = along(elbow, fore, share(length));
  add(shoulder, elbow, share(5), share(4), looks->body);
  add(elbow, hand, share(4), share(4), looks->skin);
  return hand;
}

static void add_head(struct point neck, s32 tilt, const struct looks *looks) {
  const s32 r = share(looks->head);
  const struct point centre = along(neck, 128 - tilt, r);
  const u32 has = looks->features;
  if (has & LONG_HAIR)
    add(along(centre, -116 - tilt, r / 3), along(centre, -36 - tilt, 3 * r / 2), r, r / 2, looks->trim);
  if (has & EARS_POINTED) {
    add(along(centre, 148 - tilt, r / 2), along(centre, 146 - tilt, 2 * r), r / 2, r / 8, looks->limbs);
    add(along(centre, 108 - tilt, r / 2), along(centre, 112 - tilt, 2 * r), r / 2, r / 8, looks->limbs);
  }
  if (has & HORNS) {
    add(along(centre, 160 - tilt, r / 2), along(centre, 150 - tilt, 7 * r / 4), r / 4, r / 10, 0xF4ECD8FFu);
    add(along(centre, 96 - tilt, r / 2), along(centre, 106 - tilt, 7 * r / 4), r / 4, r / 10, 0xF4ECD8FFu);
  }
  add(centre, centre, r, r, looks->skin);
  if (has & SNOUT)
    add(along(centre, 60 - tilt, r / 2), along(centre, 56 - tilt, 3 * r / 2), r / 2, r / 3, looks->skin);
  if (has & CAP)
    add(along(centre, 160 - tilt, r / 2), along(centre, 94 - tilt, 5 * r / 4), 3 * r / 4, r / 4, looks->trim);
  if (has & VISOR)
    add(along(centre, 84 - tilt, r / 3), along(centre, 76 - tilt, r), r / 3, r / 4, looks->trim);
  if (has & CROWN) add(along(centre, 150 - tilt, r), along(centre, 106 - tilt, r), r / 4, r / 4, 0xF8D860FFu);
  const struct point eye = along(centre, 84 - tilt, 5 * r / 8);
  add(eye, along(eye, -tilt, r / 4), r / 6, r / 6, 0x181420FFu);
}

static void add_ball(const struct stance *stance, const struct looks *looks) {
  const struct pose *pose = &stance->pose;
  const struct point centre = {0, share(46 - pose->sink / 2)},
                     face = along(centre, 84 - pose->lean, share(26));
  const struct point arm_back = along(centre, pose->arm_back, share(34)),
                     arm_front = along(centre, pose->arm_front, share(34));
  add(arm_back, along(arm_back, pose->forearm_back, share(16)), share(12), share(9), looks->body);
  add(along(centre, -24, share(30)), along(centre, -24 + pose->thigh_back / 2, share(52)), share(12),
      share(12), looks->limbs);
  if (looks->features & EARS_POINTED) {
    add(along(centre, 152 - pose->lean, share(30)), along(centre, 148 - pose->lean, share(62)), share(14),
        share(3), looks->body);
    add(along(centre, 100 - pose->lean, share(30)), along(centre, 108 - pose->lean, share(62)), share(14),
        share(3), looks->body);
  }
  add(centre, centre, share(40), share(40), looks->body);
  add(along(centre, 24, share(34)), along(centre, 24 + pose->thigh_front / 2, share(56)), share(13),
      share(13), looks->limbs);
  add(along(face, -pose->lean, share(0)), along(face, 128, share(12)), share(5), share(5), 0x202868FFu);
  add(along(face, -64, share(16)), along(along(face, -64, share(16)), 128, share(12)), share(5), share(5),
      0x202868FFu);
  add(arm_front, along(arm_front, pose->forearm_front, share(20)), share(12), share(10), looks->body);
}

static void add_frame(const struct stance *stance, const struct looks *looks) {
  const struct pose *pose = &stance->pose;
  const u32 has = looks->features;
  const struct point hips = {0, share(46 - pose->sink)}, neck = along(hips, 128 - pose->lean, share(30));
  const struct point shoulders = along(hips, 128 - pose->lean, share(26));
  const struct point foot_back = along(along(hips, pose->thigh_back, share(23)), pose->shin_back, share(23));
  const struct point foot_front =
      along(along(hips, pose->thigh_front, share(23)), pose->shin_front, share(23));
  if (drawn->grounded && !drawn_spin) lift = share(3) - lower(lower(foot_back.y, foot_front.y), share(46));
  if (has & CAPE)
    add(shoulders, along(hips, -40 - pose->lean, share(36)), share(looks->girth / 3), share(14), looks->trim);
  if (has & TAIL)
    add(along(hips, -50, share(6)), along(hips, -84 - pose->lean, share(38)), share(7), share(3),
        looks->limbs);
  add_arm(shoulders, pose->arm_back, pose->forearm_back, 18, looks);
  add_leg(hips, pose->thigh_back, pose->shin_back, 23, looks);
  if (has & SHELL)
    add(along(hips, -96, share(14)), along(shoulders, -64, share(10)), share(22), share(20), 0x4C7C3CFFu);
  add(shoulders, hips, share(looks->girth / 2), share(looks->girth * 2 / 5), looks->body);
  add_leg(hips, pose->thigh_front, pose->shin_front, 23, looks);
  if (has & DRESS)
    add(hips, along(hips, (pose->thigh_front + pose->thigh_back) / 2, share(30)), share(looks->girth * 2 / 5),
        share(19), looks->body);
  add_head(neck, pose->lean + pose->head, looks);
  const struct point hand = add_arm(shoulders, pose->arm_front, pose->forearm_front, 18, looks);
  if (has & SWORD)
    add(hand, along(hand, pose->forearm_front + 24, share(46)), share(3), share(1), 0xDCE8F8FFu);
  if (has & HAMMER) {
    const struct point top = along(hand, pose->forearm_front + 40, share(34));
    add(hand, top, share(2), share(2), 0x8C6840FFu);
    add(along(top, pose->forearm_front + 104, share(8)), along(top, pose->forearm_front - 24, share(8)),
        share(8), share(8), 0xB87844FFu);
  }
}

void body_draw(const struct body *body, const struct looks *looks, const struct stance *stance) {
  drawn = body;
  unit = looks->height * UNIT;
  drawn_spin = stance->pose.spin;
  lift = 0;
  num_parts = 0;
  if (looks->features & BALL)
    add_ball(stance, looks);
  else
    add_frame(stance, looks);
  draw_parts();
}

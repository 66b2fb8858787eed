#include "item.h"

#include "angle.h"
#include "body.h"
#include "camera.h"

/* Melee's item ids that have a look of their own; every other is a glowing ball. */
enum {
  FOX_LASER = 54,
  FALCO_LASER = 55,
  LINK_BOMB = 58,
  YOUNG_LINK_BOMB = 59,
  LINK_BOOMERANG = 60,
  YOUNG_LINK_BOOMERANG = 61,
  LINK_ARROW = 64,
  YOUNG_LINK_ARROW = 65,
  FOX_BLASTER = 74,
  FALCO_BLASTER = 75,
  SHEIK_NEEDLE = 79,
  PEACH_TURNIP = 99,
  SHY_GUY = 210
};

static struct plane plane;

/* A streak through the item, along its speed; across it where it stands still. */
static void draw_streak(const struct item *item, s32 length, s32 width, rgba core, rgba edge) {
  const s32 speed = absolute(item->vx) + absolute(item->vy);
  const s32 dx = speed ? item->vx * length / speed : item->facing * length,
            dy = speed ? item->vy * length / speed : 0;
  const s32 nx = -dy * width / higher(length, 1), ny = dx * width / higher(length, 1);
  const struct point head = camera_project(plane, item->x + dx / 2, item->y + dy / 2),
                     tail = camera_project(plane, item->x - dx, item->y - dy);
  const struct point left = camera_project(plane, item->x + nx, item->y + ny),
                     right = camera_project(plane, item->x - nx, item->y - ny);
  gx_begin(QUADS, 4);
  gx_vertex(head.x, head.y, core);
  gx_vertex(left.x, left.y, edge);
  gx_vertex(tail.x, tail.y, with_alpha(edge, 0));
  gx_vertex(right.x, right.y, edge);
}

static void draw_ball(const struct item *item, s32 radius, rgba inner, rgba outer) {
  disc_draw(camera_project(plane, item->x, item->y), camera_length(plane, radius), inner, outer);
}

static void draw_boomerang(const struct item *item, s32 slp_frame) {
  const struct point centre = camera_project(plane, item->x, item->y);
  const s32 reach = camera_length(plane, U(4));
  for (s32 k = 0; k < 2; k++) {
    const s32 angle = slp_frame * 20 + k * 90;
    gx_begin(TRIANGLES, 3);
    gx_vertex(centre.x + ((reach * cosine(angle)) >> 14), centre.y + ((reach * sine(angle)) >> 14),
              0xF0D890FFu);
    gx_vertex(centre.x + ((reach / 3 * cosine(angle + 90)) >> 14),
              centre.y + ((reach / 3 * sine(angle + 90)) >> 14), 0xB06830FFu);
    gx_vertex(centre.x - ((reach / 3 * cosine(angle + 90)) >> 14),
              centre.y - ((reach / 3 * sine(angle + 90)) >> 14), 0xB06830FFu);
  }
}

static void draw_item(const struct item *item, s32 slp_frame) {
  const rgba hue = 0x606060FFu | (hash(item->type) << 8 & 0x9F9F9F00u);
  switch (item->type) {
    case FOX_LASER: draw_streak(item, U(11), U(0.9), 0xFFFFFFFFu, 0xFF3028FFu); break;
    case FALCO_LASER: draw_streak(item, U(11), U(0.9), 0xFFFFFFFFu, 0x3868FFFFu); break;
    case LINK_ARROW:
    case YOUNG_LINK_ARROW: draw_streak(item, U(9), U(0.6), 0xFFF4D0FFu, 0xC09048FFu); break;
    case SHEIK_NEEDLE: draw_streak(item, U(6), U(0.5), 0xFFFFFFFFu, 0xA8B8D8FFu); break;
    case LINK_BOMB:
    case YOUNG_LINK_BOMB: draw_ball(item, U(2.8), 0x707890FFu, 0x20243CFFu); break;
    case LINK_BOOMERANG:
    case YOUNG_LINK_BOOMERANG: draw_boomerang(item, slp_frame); break;
    case FOX_BLASTER:
    case FALCO_BLASTER: draw_ball(item, U(1.2), 0xB0B8C8FFu, 0x707888FFu); break;
    case PEACH_TURNIP: draw_ball(item, U(2.6), 0xFFFFFFFFu, 0xE8D0E0FFu); break;
    case SHY_GUY:
      draw_ball(item, U(4), 0xF05840FFu, 0xC03828FFu);
      draw_ball(item, U(2.2), 0xFFFFFFFFu, 0xE8E8E8FFu);
      break;
    default:
      if (item->vx || item->vy) draw_streak(item, U(8), U(1.6), with_alpha(hue, 0xB0), with_alpha(hue, 0x70));
      draw_ball(item, U(3.2), 0xFFFFFFFFu, with_alpha(hue, 0xC0));
  }
}

void items_draw(const struct item *items, u32 num_items, s32 slp_frame) {
  plane = camera_plane(0);
  for (u32 i = 0; i < num_items; i++) draw_item(&items[i], slp_frame);
}

#include "backdrop.h"

#include "angle.h"
#include "camera.h"

#define LEFT 0
#define RIGHT (SCREEN_WIDTH * SUBPIXELS)
#define TOP 0
#define BOTTOM (SCREEN_HEIGHT * SUBPIXELS)

static void draw_sky(const struct stage *stage) {
  const s32 horizon = clamp(camera_project(camera_plane(1200), 0, 0).y, 120 * SUBPIXELS, 400 * SUBPIXELS);
  gx_gradient(LEFT, TOP, RIGHT, horizon, stage->sky_top, stage->sky_middle);
  gx_gradient(LEFT, horizon, RIGHT, BOTTOM, stage->sky_middle, stage->sky_bottom);
}

/* Visit the cells of a row of scenery that are in view. */
static s32 first_cell(struct extent view, s32 spacing) {
  const s32 x = view.left - spacing;
  return x >= 0 ? x / spacing : -((-x + spacing - 1) / spacing);
}

static s32 cell_hash(s32 cell, u32 seed, u32 modulus) { return (s32)(hash((u32)cell * 2654435761u + seed) % modulus); }

/* A skyline: peaks every spacing units, between low and high, falling to the bottom of the picture. */
static void draw_ridge(s32 depth, s32 spacing, s32 low, s32 high, u32 seed, rgba crest, rgba foot) {
  const struct plane plane = camera_plane(depth);
  const struct extent view = camera_extent(plane);
  const s32 first = first_cell(view, spacing), last = first_cell(view, spacing) + (view.right - view.left) / spacing + 4;
  gx_begin(TRIANGLE_STRIP, (u32)(last - first + 1) * 2);
  for (s32 cell = first; cell <= last; cell++) {
    const s32 y = low + cell_hash(cell, seed, (u32)(high - low));
    const struct point peak = camera_project(plane, cell * spacing, y);
    gx_vertex(peak.x, peak.y, crest);
    gx_vertex(peak.x, BOTTOM, foot);
  }
}

static void draw_disc(struct plane plane, s32 x, s32 y, s32 radius, u32 num_corners, rgba inner, rgba outer) {
  const struct point centre = camera_project(plane, x, y);
  const s32 r = camera_length(plane, radius);
  gx_begin(TRIANGLE_FAN, num_corners + 2);
  gx_vertex(centre.x, centre.y, inner);
  for (u32 k = 0; k <= num_corners; k++) {
    const s32 angle = (s32)(k * 256 / num_corners);
    gx_vertex(centre.x + ((r * cosine(angle)) >> 14), centre.y + ((r * sine(angle)) >> 14), outer);
  }
}

/* Points of light, one per cell of a grid, between two heights. */
static void draw_stars(s32 depth, s32 spacing, s32 low, s32 high, u32 seed, rgba colour) {
  const struct plane plane = camera_plane(depth);
  const struct extent view = camera_extent(plane);
  const s32 first = first_cell(view, spacing), last = first + (view.right - view.left) / spacing + 3;
  for (s32 cell = first; cell <= last; cell++) {
    const u32 h = hash((u32)cell * 2654435761u + seed);
    const struct point p = camera_project(plane, cell * spacing + (s32)(h & 0x3FFF) * spacing / 0x4000,
                                          low + (s32)((h >> 14) % (u32)((high - low) / UNIT)) * UNIT);
    const s32 size = 8 + (s32)(h >> 27);
    gx_gradient(p.x, p.y, p.x + size, p.y + size, colour, colour);
  }
}

static void draw_cloud_bank(s32 depth, s32 spacing, s32 low, s32 high, u32 seed, rgba colour) {
  const struct plane plane = camera_plane(depth);
  const struct extent view = camera_extent(plane);
  const s32 first = first_cell(view, spacing) - 1, last = first + (view.right - view.left) / spacing + 5;
  for (s32 cell = first; cell <= last; cell++) {
    const s32 x = cell * spacing + cell_hash(cell, seed, (u32)(spacing / 2)), y = low + cell_hash(cell, seed + 1, (u32)(high - low));
    const s32 size = spacing / 7 + cell_hash(cell, seed + 2, (u32)(spacing / 10));
    draw_disc(plane, x, y, size, 10, colour, colour);
    draw_disc(plane, x + size, y - size / 4, size * 3 / 4, 8, colour, colour);
    draw_disc(plane, x - size, y - size / 3, size * 2 / 3, 8, colour, colour);
  }
}

/* Upright posts, tapering upwards: pillars, trees' trunks, floodlight masts. */
static void draw_posts(s32 depth, s32 spacing, s32 half_width, s32 bottom, s32 top, rgba upper, rgba lower) {
  const struct plane plane = camera_plane(depth);
  const struct extent view = camera_extent(plane);
  const s32 first = first_cell(view, spacing), last = first + (view.right - view.left) / spacing + 3;
  for (s32 cell = first; cell <= last; cell++) {
    const s32 x = cell * spacing + spacing / 2;
    const struct point a = camera_project(plane, x - half_width, top), b = camera_project(plane, x + half_width, bottom);
    gx_gradient(a.x, a.y, b.x, b.y, upper, lower);
  }
}

static void draw_space(const struct stage *stage, const struct frame *frame) {
  draw_stars(900, U(34), U(-260), U(420), 11, 0xFFFFFFFFu);
  draw_stars(900, U(47), U(-260), U(420), 12, 0xB8C8FFFFu);
  draw_disc(camera_plane(1000), U(-210), U(150), U(105), 20, 0x6C58C8FFu, 0x2A1C66FFu);
  draw_stars(350, U(40), U(-160), U(260), 13, 0xE0D8FFFFu);
  const s32 drift = frame->slp_frame & 255; /* rays that turn slowly about a far centre */
  const struct plane plane = camera_plane(600);
  const struct point centre = camera_project(plane, U(60), U(-60));
  for (s32 k = 0; k < 6; k++) {
    const s32 angle = k * 43 + drift, length = camera_length(plane, U(620));
    gx_begin(TRIANGLES, 3);
    gx_vertex(centre.x, centre.y, 0x9878FF50u);
    gx_vertex(centre.x + ((length * cosine(angle)) >> 14), centre.y + ((length * sine(angle)) >> 14), stage->sky_middle & 0xFFFFFF00u);
    gx_vertex(centre.x + ((length * cosine(angle + 7)) >> 14), centre.y + ((length * sine(angle + 7)) >> 14), stage->sky_middle & 0xFFFFFF00u);
  }
}

static void draw_dusk(void) {
  draw_disc(camera_plane(1500), U(260), U(40), U(130), 20, 0xFFE8B0FFu, 0xFBC07CFFu);
  draw_cloud_bank(900, U(210), U(70), U(230), 21, 0xC88A8CFFu);
  draw_ridge(700, U(60), U(-60), U(60), 22, 0x6A4A78FFu, 0x4A3A68FFu);
  draw_ridge(320, U(42), U(-110), U(-30), 23, 0x453A60FFu, 0x2C2848FFu);
  draw_posts(180, U(120), U(5), U(-200), U(30), 0x6B5A6CFFu, 0x3A3048FFu);
}

static void draw_meadow(const struct frame *frame) {
  draw_cloud_bank(900, U(240), U(120), U(260), 31, 0xF4FAFFFFu);
  draw_ridge(600, U(80), U(-70), U(20), 32, 0x5FB070FFu, 0x8CD08CFFu);
  draw_ridge(260, U(56), U(-90), U(-40), 33, 0x4A9C58FFu, 0x6CBC64FFu);
  const struct plane plane = camera_plane(45); /* Whispy */
  const struct point a = camera_project(plane, U(-17), U(70)), b = camera_project(plane, U(17), U(-20));
  gx_gradient(a.x, a.y, b.x, b.y, 0x9A6C42FFu, 0x6E4A2CFFu);
  draw_disc(plane, U(-24), U(84), U(30), 12, 0x58B44CFFu, 0x3C8C3CFFu);
  draw_disc(plane, U(24), U(84), U(30), 12, 0x58B44CFFu, 0x3C8C3CFFu);
  draw_disc(plane, 0, U(98), U(32), 12, 0x68C458FFu, 0x449C40FFu);
  draw_disc(plane, U(-7), U(48), U(2.6), 8, 0x2A1A10FFu, 0x2A1A10FFu);
  draw_disc(plane, U(7), U(48), U(2.6), 8, 0x2A1A10FFu, 0x2A1A10FFu);
  draw_disc(plane, 0, U(36), frame->whispy ? U(5) : U(2.2), 8, 0x2A1A10FFu, 0x2A1A10FFu);
  if (!frame->whispy) return;
  const s32 way = frame->whispy == 1 ? -1 : 1;
  for (s32 k = 0; k < 12; k++) { /* leaves on the wind */
    const s32 x = way * (cell_hash(k, 34, U(160)) + frame->slp_frame * U(2.5)) % U(160), y = U(6) + cell_hash(k, 35, U(50));
    const struct point leaf = camera_project(plane, x, y);
    gx_gradient(leaf.x, leaf.y, leaf.x + 7 * SUBPIXELS, leaf.y + 3 * SUBPIXELS, 0xA8E070FFu, 0x6CB048FFu);
  }
}

static void draw_picture_book(void) {
  draw_disc(camera_plane(1200), U(-230), U(190), U(80), 16, 0xFFF6C8FFu, 0xFCE08CFFu);
  draw_cloud_bank(800, U(200), U(90), U(220), 41, 0xFFF8E8FFu);
  draw_ridge(500, U(70), U(-60), U(50), 42, 0x9CC8A8FFu, 0xC8E0B8FFu);
  draw_ridge(250, U(50), U(-90), U(-20), 43, 0x7CB48CFFu, 0xA8CC94FFu);
  draw_posts(140, U(95), U(4), U(-160), U(18), 0xB88858FFu, 0x8C6440FFu);
}

static void draw_starlit_water(void) {
  draw_stars(900, U(30), U(-20), U(430), 51, 0xFFFFFFFFu);
  draw_stars(600, U(44), U(0), U(330), 52, 0xFFD8F4FFu);
  draw_disc(camera_plane(1400), U(190), U(240), U(62), 18, 0xF8F4FFFFu, 0xC8C0F4FFu);
  draw_posts(420, U(130), U(13), U(-120), U(130), 0x5F6CB8FFu, 0x3A4688FFu);
  draw_posts(200, U(170), U(9), U(-120), U(60), 0x7C8CD0FFu, 0x46549CFFu);
  const struct plane far = camera_plane(500), near = camera_plane(-30);
  const struct point shore = camera_project(far, 0, U(-48)), beach = camera_project(near, 0, U(-48));
  if (beach.y > shore.y) gx_gradient(LEFT, shore.y, RIGHT, higher(beach.y, BOTTOM), 0x5868B8FFu, 0x243070FFu);
}

static void draw_arena(const struct frame *frame) {
  static const rgba screens[10] = {[3] = 0xC84828FFu, [4] = 0x48A848FFu, [5] = 0x4878C8FFu, [6] = 0x9C7850FFu, [9] = 0x38A8C8FFu};
  draw_ridge(420, U(300), U(88), U(92), 61, 0x22303EFFu, 0x2C3C4CFFu);
  for (s32 row = 0; row < 5; row++) draw_stars(400, U(20), U(-50) + row * U(26), U(-30) + row * U(26), 62 + (u32)row, row & 1 ? 0xD8C0A0FFu : 0xA0B8D8FFu);
  draw_posts(300, U(260), U(6), U(-160), U(190), 0x8C98A4FFu, 0x48545EFFu);
  const struct plane plane = camera_plane(110);
  const struct point a = camera_project(plane, U(-62), U(106)), b = camera_project(plane, U(62), U(40));
  const rgba glow = screens[frame->stadium_type % 10] ? screens[frame->stadium_type % 10] : screens[5];
  gx_gradient(a.x - 64, a.y - 64, b.x + 64, b.y + 64, 0x9AA4ACFFu, 0x59636BFFu);
  gx_gradient(a.x, a.y, b.x, b.y, mix(glow, 0xFFFFFFFFu, 60), mix(glow, 0x000000FFu, 120));
  const s32 sweep = a.y + (b.y - a.y) * (frame->slp_frame & 127) / 128;
  gx_gradient(a.x, sweep, b.x, sweep + 4 * SUBPIXELS, with_alpha(0xFFFFFF00u, 0x60), with_alpha(0xFFFFFF00u, 0x10));
}

void backdrop_draw(const struct stage *stage, const struct frame *frame) {
  draw_sky(stage);
  switch (stage->id) {
    case FINAL_DESTINATION: draw_space(stage, frame); break;
    case BATTLEFIELD: draw_dusk(); break;
    case DREAM_LAND: draw_meadow(frame); break;
    case YOSHIS: draw_picture_book(); break;
    case FOUNTAIN: draw_starlit_water(); break;
    case STADIUM: draw_arena(frame); break;
  }
}

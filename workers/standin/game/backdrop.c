#include "backdrop.h"

#include "angle.h"
#include "camera.h"
#include "scenery.h"

#define HORIZON_DEPTH 1200

static s32 horizon_row(void) {
  const s32 row = camera_project(camera_plane(HORIZON_DEPTH), 0, 0).y;
  return clamp(row, 100 * SUBPIXELS, 420 * SUBPIXELS);
}

/* The sky down to a row, its middle colour at the horizon. Nothing is drawn where nearer scenery hides it
 * anyway, or where the picture was cleared to the sky's own colour. */
static void draw_sky(const struct stage *stage, s32 bottom) {
  const s32 right = SCREEN_WIDTH * SUBPIXELS;
  const s32 horizon = horizon_row(), top = stage->glow_rows ? horizon - stage->glow_rows * SUBPIXELS : 0;
  gx_gradient(0, top, right, horizon, stage->sky_top, stage->sky_middle);
  if (bottom > horizon) gx_gradient(0, horizon, right, bottom, stage->sky_middle, stage->sky_bottom);
}

/* Two skylines before the sky; the ground below the nearer one is what the picture was cleared to. */
static void draw_land(const struct stage *stage, const struct skyline *far, const struct skyline *near) {
  const s32 near_row = skyline_lowest_row(near), far_row = skyline_lowest_row(far);
  draw_sky(stage, far_row);
  skyline_draw(far, higher(near_row, far_row));
  skyline_draw(near, near_row + 70 * SUBPIXELS);
}

static void draw_space(const struct stage *stage, const struct frame *frame) {
  draw_sky(stage, horizon_row() + stage->glow_rows * SUBPIXELS);
  scenery_stars(900, U(34), U(-260), U(420), 11, 0xFFFFFFFFu);
  scenery_stars(900, U(47), U(-260), U(420), 12, 0xB8C8FFFFu);
  scenery_disc(camera_plane(1000), U(-210), U(150), U(105), 20, 0x6C58C8FFu, 0x2A1C66FFu);
  scenery_stars(350, U(40), U(-160), U(260), 13, 0xE0D8FFFFu);
  const struct plane plane = camera_plane(600);
  const struct point centre = camera_project(plane, U(60), U(-60));
  const s32 length = camera_length(plane, U(620));
  gx_blend(1);
  for (s32 k = 0; k < 6; k++) { /* rays that turn slowly about a far centre */
    const s32 angle = k * 43 + (frame->slp_frame >> 1);
    gx_begin(TRIANGLES, 3);
    gx_vertex(centre.x, centre.y, 0x9878FF60u);
    gx_vertex(centre.x + ((length * cosine(angle)) >> 14), centre.y + ((length * sine(angle)) >> 14),
              0x9878FF00u);
    gx_vertex(centre.x + ((length * cosine(angle + 7)) >> 14), centre.y + ((length * sine(angle + 7)) >> 14),
              0x9878FF00u);
  }
  gx_blend(0);
}

static void draw_dusk(const struct stage *stage) {
  static const struct skyline far = {700, U(60), U(-60), U(60), 22, 0x6A4A78FFu, 0x4A3A68FFu};
  static const struct skyline near = {320, U(42), U(-110), U(-30), 23, 0x453A60FFu, 0x1C2450FFu};
  draw_land(stage, &far, &near);
  scenery_disc(camera_plane(1500), U(260), U(190), U(110), 20, 0xFFE8B0FFu, 0xFBC07CFFu);
  scenery_clouds(900, U(210), U(100), U(250), 21, 0xC88A8CFFu);
  scenery_posts(180, U(120), U(5), U(-200), U(30), 0x6B5A6CFFu, 0x3A3048FFu);
}

static void draw_whispy(const struct frame *frame) {
  const struct plane plane = camera_plane(45);
  const struct point a = camera_project(plane, U(-17), U(70)), b = camera_project(plane, U(17), U(-20));
  gx_gradient(a.x, a.y, b.x, b.y, 0x9A6C42FFu, 0x6E4A2CFFu);
  scenery_disc(plane, U(-24), U(84), U(30), 12, 0x58B44CFFu, 0x3C8C3CFFu);
  scenery_disc(plane, U(24), U(84), U(30), 12, 0x58B44CFFu, 0x3C8C3CFFu);
  scenery_disc(plane, 0, U(98), U(32), 12, 0x68C458FFu, 0x449C40FFu);
  scenery_disc(plane, U(-7), U(48), U(2.6), 8, 0x2A1A10FFu, 0x2A1A10FFu);
  scenery_disc(plane, U(7), U(48), U(2.6), 8, 0x2A1A10FFu, 0x2A1A10FFu);
  scenery_disc(plane, 0, U(36), frame->whispy ? U(5) : U(2.2), 8, 0x2A1A10FFu, 0x2A1A10FFu);
  if (!frame->whispy) return;
  const s32 way = frame->whispy == 1 ? -1 : 1;
  for (s32 k = 0; k < 12; k++) { /* leaves on the wind */
    const s32 gone = (scenery_random(k, 34, U(160)) + (frame->slp_frame + 123) * U(2.5)) % U(160);
    const struct point leaf = camera_project(plane, way * gone, U(6) + scenery_random(k, 35, U(50)));
    gx_gradient(leaf.x, leaf.y, leaf.x + 7 * SUBPIXELS, leaf.y + 3 * SUBPIXELS, 0xA8E070FFu, 0x6CB048FFu);
  }
}

static void draw_meadow(const struct stage *stage, const struct frame *frame) {
  static const struct skyline far = {600, U(80), U(-70), U(20), 32, 0x5FB070FFu, 0x8CD08CFFu};
  static const struct skyline near = {260, U(56), U(-90), U(-40), 33, 0x4A9C58FFu, 0x6CBC64FFu};
  draw_land(stage, &far, &near);
  scenery_clouds(900, U(240), U(120), U(260), 31, 0xF4FAFFFFu);
  draw_whispy(frame);
}

static void draw_picture_book(const struct stage *stage) {
  static const struct skyline far = {500, U(70), U(-60), U(50), 42, 0x9CC8A8FFu, 0xC8E0B8FFu};
  static const struct skyline near = {250, U(50), U(-90), U(-20), 43, 0x7CB48CFFu, 0xA8CC94FFu};
  draw_land(stage, &far, &near);
  scenery_disc(camera_plane(1200), U(-230), U(190), U(80), 16, 0xFFF6C8FFu, 0xFCE08CFFu);
  scenery_clouds(800, U(200), U(110), U(240), 41, 0xFFF8E8FFu);
  scenery_posts(140, U(95), U(4), U(-160), U(18), 0xB88858FFu, 0x8C6440FFu);
}

static void draw_starlit_water(const struct stage *stage) {
  const struct point shore = camera_project(camera_plane(500), 0, U(-48));
  draw_sky(stage, shore.y);
  gx_gradient(0, shore.y, SCREEN_WIDTH * SUBPIXELS, shore.y + 120 * SUBPIXELS, 0x6878C8FFu, stage->ground);
  scenery_stars(900, U(30), U(-20), U(430), 51, 0xFFFFFFFFu);
  scenery_stars(600, U(44), U(0), U(330), 52, 0xFFD8F4FFu);
  scenery_disc(camera_plane(1400), U(190), U(240), U(62), 18, 0xF8F4FFFFu, 0xC8C0F4FFu);
  scenery_posts(420, U(130), U(13), U(-60), U(130), 0x5F6CB8FFu, 0x3A4688FFu);
  scenery_posts(200, U(170), U(9), U(-70), U(60), 0x7C8CD0FFu, 0x46549CFFu);
}

static void draw_screen(const struct frame *frame) {
  static const rgba glows[10] = {
      [3] = 0xC84828FFu, [4] = 0x48A848FFu, [5] = 0x4878C8FFu, [6] = 0x9C7850FFu, [9] = 0x38A8C8FFu};
  const struct plane plane = camera_plane(110);
  const struct point a = camera_project(plane, U(-62), U(106)), b = camera_project(plane, U(62), U(40));
  const u32 shape = frame->stadium_type % COUNT_OF(glows);
  const rgba glow = glows[shape] ? glows[shape] : glows[5];
  gx_gradient(a.x - 64, a.y - 64, b.x + 64, b.y + 64, 0x9AA4ACFFu, 0x59636BFFu);
  gx_gradient(a.x, a.y, b.x, b.y, mix(glow, 0xFFFFFFFFu, 60), mix(glow, 0x000000FFu, 120));
  const s32 sweep = a.y + (b.y - a.y - 4 * SUBPIXELS) * (frame->slp_frame & 127) / 128;
  gx_gradient(a.x, sweep, b.x, sweep + 4 * SUBPIXELS, mix(glow, 0xFFFFFFFFu, 130),
              mix(glow, 0xFFFFFFFFu, 90));
}

static void draw_arena(const struct stage *stage, const struct frame *frame) {
  static const struct skyline stands = {420, U(300), U(88), U(92), 61, 0x2A3A4AFFu, 0x0A1422FFu};
  draw_sky(stage, skyline_lowest_row(&stands));
  skyline_draw(&stands, skyline_lowest_row(&stands) + 160 * SUBPIXELS);
  for (s32 row = 0; row < 5; row++) /* the crowd */
    scenery_stars(400, U(20), U(-50) + row * U(26), U(-30) + row * U(26), 62 + (u32)row,
                  row & 1 ? 0xD8C0A0FFu : 0xA0B8D8FFu);
  scenery_posts(300, U(260), U(6), U(-160), U(190), 0x8C98A4FFu, 0x48545EFFu);
  draw_screen(frame);
}

void backdrop_draw(const struct stage *stage, const struct frame *frame) {
  switch (stage->id) {
    case FINAL_DESTINATION: draw_space(stage, frame); break;
    case BATTLEFIELD: draw_dusk(stage); break;
    case DREAM_LAND: draw_meadow(stage, frame); break;
    case YOSHIS: draw_picture_book(stage); break;
    case FOUNTAIN: draw_starlit_water(stage); break;
    case STADIUM: draw_arena(stage, frame); break;
  }
}

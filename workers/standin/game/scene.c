#include "scene.h"

#include "backdrop.h"
#include "camera.h"
#include "fighter.h"
#include "gx.h"
#include "heavy.h"
#include "hud.h"
#include "item.h"
#include "stage.h"

static const struct stage *stage;
static const struct frame *latest;
static s32 latest_slp_frame;

void scene_reset(const struct replay *replay) {
  stage = stage_find(replay->stage);
  camera_reset(stage);
  latest = 0;
}

rgba scene_ground(void) { return stage->ground; }

void scene_draw(const struct replay *replay, const struct frame *frame) {
  if (!latest)
    gx_rectangle(0, 0, SCREEN_WIDTH, SCREEN_HEIGHT, stage->ground); /* no copy has cleared it yet */
  /* A frame shown again shows the same picture. */
  if (frame != latest || frame->slp_frame != latest_slp_frame) camera_follow(stage, frame);
  latest = frame;
  latest_slp_frame = frame->slp_frame;

  backdrop_draw(stage, frame);
#ifdef HEAVY_SCENE
  heavy_draw(frame->slp_frame);
#endif
  stage_draw(stage, frame);
  gx_blend(1);
  stage_draw_water(stage, frame);
  fighters_draw_behind(replay, stage, frame);
  gx_blend(0);
  fighters_draw(replay, frame);
  gx_blend(1);
  items_draw((const struct item *)replay->items + frame->first_item, frame->num_items, frame->slp_frame);
  fighters_draw_before(replay, frame);
  hud_draw_panels(replay);
  gx_blend(0);
  hud_draw(replay, frame);
}

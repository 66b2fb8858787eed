#include "present.h"

#include "gx.h"
#include "memory.h"
#include "scene.h"
#include "stamp.h"
#include "vi.h"

static void show(rgba next_clear) {
  static u32 num_shown;
  const u32 xfb = num_shown++ & 1 ? XFB_1 : XFB_0;
  gx_copy(xfb, next_clear);
  vi_show(xfb);
}

void present(const struct replay *replay, const struct frame *frame, s32 stamp) {
  scene_draw(replay, frame);
  if (replay->flags & REPLAY_FLAG_STAMP) stamp_draw(stamp, frame->seed);
  show(scene_ground());
}

void present_waiting(void) {
  gx_gradient(0, 0, SCREEN_WIDTH * SUBPIXELS, SCREEN_HEIGHT * SUBPIXELS, 0x402040FF, 0x804080FF);
  show(0x000000FF);
}

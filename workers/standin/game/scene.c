#include "scene.h"

#include "gx.h"

void scene_draw(const struct replay *replay, const struct frame *frame) {
  (void)replay;
  gx_gradient(0, 0, SCREEN_WIDTH * SUBPIXELS, 464 * SUBPIXELS, 0x203060FF, 0x8090C0FF);
  for (u32 i = 0; i < NUM_FIGHTERS; i++) {
    const struct fighter *f = &frame->fighters[i];
    if (!(f->flags & FIGHTER_PRESENT)) continue;
    gx_rectangle(320 + f->x * 2 / UNIT, 300 - f->y * 2 / UNIT - 30, 20, 30, i < 2 ? 0xE04040FF : 0x4060E0FF);
  }
}

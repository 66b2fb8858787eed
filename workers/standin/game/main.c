/* The stand-in game: shows a packed replay, one picture per 60 Hz field, and says over the UART which frame it draws. */
#include "gx.h"
#include "memory.h"
#include "replay.h"
#include "scene.h"
#include "stamp.h"
#include "uart.h"
#include "vi.h"

static const struct replay *const replay = (const struct replay *)REPLAY_BASE;
static u32 num_shown;

/* Wait for the next field, draw into the framebuffer that is not scanned out, and show it from the following field on. */
static void show(const struct step *step) {
  const u32 xfb = num_shown++ & 1 ? XFB_1 : XFB_0;
  vi_wait_retrace();
  if (step->line != NO_LINE) uart_report("CURRENT_FRAME", step->line);
  const struct frame *records = (const struct frame *)replay->records;
  scene_draw(replay, &records[step->record]);
  if (replay->flags & REPLAY_FLAG_STAMP) stamp_draw(step->stamp);
  gx_copy(xfb, 0x000000FF);
  vi_show(xfb);
}

static void take(const struct step *step) {
  if (step->record < replay->num_records) {
    show(step);
    return;
  }
  if (step->line != NO_LINE) uart_report("CURRENT_FRAME", step->line);
  if (step->record == IDLE_FIELD) vi_wait_retrace();
}

int main(void) {
  vi_init();
  gx_init();
  if (replay->magic != REPLAY_MAGIC || replay->version != REPLAY_VERSION) {
    uart_report("NO_REPLAY", (s32)replay->version);
    for (;;) vi_wait_retrace();
  }
  const struct step *steps = (const struct step *)replay->steps;
  for (u32 i = 0; i < replay->num_steps; i++) take(&steps[i]);
  uart_report("GAME_END_FRAME", replay->game_end);
  struct step hold = steps[replay->num_steps - 1];
  hold.line = NO_LINE;
  for (;;) show(&hold);
}

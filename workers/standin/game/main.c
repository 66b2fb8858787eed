/* The stand-in game: shows a packed replay, one picture per 60 Hz field, and says over the UART which frame
 * it draws. Under Slippi's Dolphin it shows what the playback device hands over instead. */
#include "gx.h"
#include "memory.h"
#include "present.h"
#include "scene.h"
#include "slippi_device.h"
#include "slippi_play.h"
#include "uart.h"
#include "vi.h"

static const struct replay *const replay = (const struct replay *)REPLAY_BASE;

/* Wait for the next field, then draw. */
static void show(const struct step *step) {
  const struct frame *records = (const struct frame *)replay->records;
  vi_wait_retrace();
  if (step->line != NO_LINE) uart_report("CURRENT_FRAME", step->line);
  present(replay, &records[step->record], step->stamp);
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
  if (slippi_is_present()) slippi_play();
  if (replay->magic != REPLAY_MAGIC || replay->version != REPLAY_VERSION) {
    uart_report("NO_REPLAY", (s32)replay->version);
    for (;;) vi_wait_retrace();
  }
  scene_reset(replay);
  const struct step *steps = (const struct step *)replay->steps;
  for (u32 i = 0; i < replay->num_steps; i++) take(&steps[i]);
  uart_report("GAME_END_FRAME", replay->game_end);
  struct step hold = steps[replay->num_steps - 1];
  hold.line = NO_LINE;
  for (;;) show(&hold);
}

#include "hud.h"

#include "body.h"
#include "gx.h"
#include "looks.h"
#include "palette.h"
#include "text.h"

#define PX(pixels) ((pixels) * SUBPIXELS)
#define BASELINE PX(448)     /* the stamp begins at 464 */
#define FIRST_COLUMN PX(110) /* middle of port 1's percent */
#define COLUMN PX(140)
#define FRAMES_PER_SECOND 60
#define GO_FRAMES 40

static char *put_number(char *out, u32 value, u32 num_digits) {
  char digits[10];
  u32 n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n < num_digits) digits[n++] = '0';
  while (n) *out++ = digits[--n];
  *out = 0;
  return out;
}

/* White, then through yellow and orange to dark red, as damage grows. */
static rgba heat(s32 percent) {
  if (percent < 40) return mix(0xFFFFFFFFu, 0xFFE070FFu, percent * 256 / 40);
  if (percent < 100) return mix(0xFFE070FFu, 0xFF6030FFu, (percent - 40) * 256 / 60);
  return mix(0xFF6030FFu, 0xA01020FFu, lower((percent - 100) * 256 / 100, 256));
}

static void draw_stock(struct point at, const struct looks *looks) {
  gx_rectangle(at.x / SUBPIXELS - 7, at.y / SUBPIXELS - 7, 14, 14, 0x100818FFu);
  gx_gradient(at.x - PX(5), at.y - PX(5), at.x + PX(5), at.y + PX(5), looks->body, looks->limbs);
}

static void draw_player(const struct replay *replay, const struct frame *frame, u32 player) {
  const struct fighter *f = &frame->fighters[player * 2];
  const u32 port = replay->players[player].port & 3;
  const s32 middle = FIRST_COLUMN + COLUMN * (s32)port, percent = f->percent / PERCENT_UNIT;
  const struct type type = {PX(30), PX(3), 10, PX(2), heat(percent), 0x100818FFu};
  char text[12];
  char *end = put_number(text, (u32)percent, 1);
  end[0] = '%';
  end[1] = 0;
  const int struck = f->flags & FIGHTER_HITLAG && f->flags & FIGHTER_HITSTUN;
  const s32 shake = struck ? (f->hitlag & 1 ? PX(3) : -PX(3)) : 0;
  if (f->flags & FIGHTER_PRESENT && f->stocks) {
    const s32 x = middle - text_width(&type, text) / 2 + shake;
    text_draw(&type, x, BASELINE + shake, text);
  }
  for (u32 k = 0; k < f->stocks && k < 5; k++) {
    const struct point at = {middle - PX(46) + PX(17) * (s32)k, BASELINE - PX(42)};
    draw_stock(at, looks_of(f->character));
  }
}

static void draw_timer(const struct replay *replay, s32 slp_frame) {
  const s32 whole = replay->timer_seconds * 100;
  const s32 passed = slp_frame > 0 ? slp_frame * 100 / FRAMES_PER_SECOND : 0,
            left = higher(whole - passed, 0);
  const struct type large = {PX(20), PX(2), 6, PX(2), 0xFFFFFFFFu, 0x100818FFu};
  const struct type small = {PX(13), PX(1) + 6, 6, PX(1) + 4, 0xD8E0F0FFu, 0x100818FFu};
  char text[16];
  char *end = put_number(text, (u32)(left / 6000), 1);
  *end++ = ':';
  put_number(end, (u32)(left / 100 % 60), 2);
  const s32 next = text_draw(&large, PX(282), PX(38), text);
  put_number(text, (u32)(left % 100), 2);
  text_draw(&small, next + PX(3), PX(38), text);
}

static void draw_word(const char *word, s32 size, rgba colour) {
  const struct type type = {size, size / 10, 10, size / 16, colour, 0x180820FFu};
  text_draw(&type, (PX(SCREEN_WIDTH) - text_width(&type, word)) / 2, PX(250), word);
}

static void draw_words(const struct frame *frame) {
  const s32 slp_frame = frame->slp_frame;
  const struct fighter *one = &frame->fighters[0], *other = &frame->fighters[2];
  const int over =
      (one->flags & FIGHTER_PRESENT && !one->stocks) || (other->flags & FIGHTER_PRESENT && !other->stocks);
  if (slp_frame >= -100 && slp_frame < -20)
    draw_word("READY", PX(52) + (-20 - slp_frame) * 4, 0xFFD860FFu);
  else if (slp_frame >= 0 && slp_frame < GO_FRAMES)
    draw_word("GO!", PX(70) + slp_frame * 6, 0xFF7040FFu);
  else if (over)
    draw_word("GAME!", PX(80), 0xFFE8A0FFu);
}

void hud_draw_panels(const struct replay *replay) {
  for (u32 player = 0; player < NUM_PLAYERS; player++) {
    const u32 port = replay->players[player].port & 3;
    const s32 middle = FIRST_COLUMN + COLUMN * (s32)port;
    const rgba team = palette_port(port);
    gx_gradient(middle - PX(58), BASELINE - PX(20), middle + PX(58), BASELINE + PX(10),
                with_alpha(team, 0x10), with_alpha(team, 0xC8));
  }
}

void hud_draw(const struct replay *replay, const struct frame *frame) {
  for (u32 player = 0; player < NUM_PLAYERS; player++) draw_player(replay, frame, player);
  draw_timer(replay, frame->slp_frame);
  draw_words(frame);
}

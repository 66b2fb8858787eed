/* Twelve patches of known RGB, 160 x 160 pixels each, 4 in a row, shown on every field: what Dolphin makes of
 * colours. Links with the stand-in's own gx.c, vi.c, uart.c and start.S. */
#include "gx.h"
#include "memory.h"
#include "uart.h"
#include "vi.h"

static const rgba patches[12] = {
    0x000000FF, 0xFFFFFFFF, 0x808080FF, 0xFF0000FF, 0x00FF00FF, 0x0000FFFF,
    0xFFFF00FF, 0x00FFFFFF, 0xFF00FFFF, 0xC8783CFF, 0x1E5AA0FF, 0xFADCBEFF,
};

int main(void) {
  vi_init();
  gx_init();
  for (u32 n = 0;; n++) {
    vi_wait_retrace();
    uart_report("CURRENT_FRAME", (s32)n - 123);
    if (n == 1) uart_report("GAME_END_FRAME", -123);
    for (u32 k = 0; k < 12; k++) gx_rectangle((s32)(k & 3) * 160, (s32)(k >> 2) * 160, 160, 160, patches[k]);
    const u32 xfb = n & 1 ? XFB_1 : XFB_0;
    gx_copy(xfb, 0x000000FF);
    vi_show(xfb);
  }
}

/* A game that copies its picture as Melee does: through GXSetCopyClear and GXCopyDisp at Melee's addresses, with Slippi's
 * frame index at Melee's place. It draws over every row and stamps nothing itself. The test inserts the Gecko code. */
#include "gx.h"
#include "memory.h"
#include "uart.h"
#include "vi.h"

#define NUM_FRAMES 90
#define FIRST_SLP_FRAME (-123)
#define MELEE_R13 0x804DB6A0
#define FRAME_INDEX (*(volatile s32*)(MELEE_R13 - 0x49AC))

/* Call a function of Melee's with its r13; functions.S. */
void call_set_copy_clear(const u8* rgba, u32 depth);
void call_copy_disp(u32 xfb, u32 clear);

static const u8 clear_colour[4] = {0x20, 0x40, 0x60, 0xFF};

static void draw(u32 n) {
  const rgba upper = 0x204060FF + (n % 64 << 24), lower = 0xE0C020FF - (n % 64 << 16);
  /* The lower half is left to the clear colour of the copy before, but for a stripe through the stamp's rows. */
  gx_gradient(0, 0, SCREEN_WIDTH * SUBPIXELS, 240 * SUBPIXELS, upper, lower);
  gx_rectangle((s32)(n * 7 % 600), 440, 40, 40, 0xFFFFFFFF);
}

int main(void) {
  vi_init();
  gx_init();
  for (u32 n = 0;; n++) {
    const u32 frame = n < NUM_FRAMES ? n : NUM_FRAMES - 1;
    const u32 xfb = n & 1 ? XFB_1 : XFB_0;
    vi_wait_retrace();
    if (n < NUM_FRAMES) uart_report("CURRENT_FRAME", (s32)n + FIRST_SLP_FRAME);
    if (n == NUM_FRAMES) uart_report("GAME_END_FRAME", NUM_FRAMES - 1 + FIRST_SLP_FRAME);
    FRAME_INDEX = (s32)frame + FIRST_SLP_FRAME;
    draw(frame);
    call_set_copy_clear(clear_colour, 0xFFFFFF);
    call_copy_disp(0x80000000 + xfb, 1);
    vi_show(xfb);
  }
}

#include "vi.h"

#define VI 0xCC002000
#define PI_INTERRUPT_MASK 0xCC003004
#define PI_VI_INTERRUPT 0x100

/* Field timing: a field is (3 * 12 + 48 + 2 * 480 + 6) / 2 = 525 lines, and the line counter runs over two of
 * them, so there are two interrupts, 525 lines apart. They fire inside the active picture: its framebuffer
 * address has been latched by then, and a whole field's time remains for drawing the next one. */
#define FIELD_LINES 525
#define RETRACE_LINE 100
#define DISPLAY_INTERRUPT(line) (0x10000000u | ((u32)(line) << 16) | 1)

/* Registers 0x00 to 0x7C in words. Framebuffer addresses stay 0, which shows nothing. The active width, 429 +
 * 404 - 131 samples, makes the active area 4:3 by Dolphin's reckoning, so its frame dump is exactly 640x480.
 */
/* clang-format off */
static const u32 timing[32] = {
    0x1E0C0005, 0x476901AD, (404 << 17) | (131 << 7) | 0x40, 0x00060030, /* 0x00 */
    0x00060030, 0x81D881D8, 0x81D881D8, 0,                               /* 0x10 */
    0, 0, 0, 0,                                                          /* 0x20 */
    DISPLAY_INTERRUPT(RETRACE_LINE), DISPLAY_INTERRUPT(RETRACE_LINE + FIELD_LINES), 0x00010001, 0x00010001,
    0, 0, 0x28280100, 0x1AE771F0,                                        /* 0x40 */
    0x0DB4A574, 0x00C1188E, 0xC4C0CBE2, 0xFCECDECF,
    0x13130F08, 0x00080C0F, 0x00FF0000, 0x00010000,                      /* 0x60 */
    0x02800000, 0x000000FF, 0x00FF00FF, 0x00FF00FF};
/* clang-format on */

void vi_init(void) {
  for (u32 i = 0; i < COUNT_OF(timing); i++) REG32(VI + i * 4) = timing[i];
  REG32(PI_INTERRUPT_MASK) = PI_VI_INTERRUPT;
}

void vi_show(u32 xfb) {
  REG32(VI + 0x1C) = 0x10000000u | (xfb >> 5);
  REG32(VI + 0x24) = 0x10000000u | (xfb >> 5);
}

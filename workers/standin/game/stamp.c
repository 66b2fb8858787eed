#include "stamp.h"

#include "gx.h"

#define CELL_WIDTH 20
#define STRIP_ROWS (STAMP_ROWS / 2)
#define NUM_CELLS 32
#define FIRST_SLP_FRAME (-123)
#define WHITE 0xFFFFFFFFu
#define BLACK 0x000000FFu

/* Polynomial 0x07, initial 0, over the three low bytes of value. */
static u32 crc8(u32 value) {
  u32 crc = 0;
  for (s32 shift = 16; shift >= 0; shift -= 8) {
    crc ^= (value >> shift) & 0xFF;
    for (u32 bit = 0; bit < 8; bit++) crc = (crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1) & 0xFF;
  }
  return crc;
}

static void draw_bits(s32 top, u32 bits) {
  for (s32 cell = 0; cell < NUM_CELLS; cell++)
    if (bits & (0x80000000u >> cell)) gx_rectangle(cell * CELL_WIDTH, top, CELL_WIDTH, STRIP_ROWS, WHITE);
}

void stamp_draw(s32 slp_frame, u32 seed) {
  const u32 value = (u32)(slp_frame - FIRST_SLP_FRAME) & 0xFFFFFF;
  const s32 top = SCREEN_HEIGHT - STAMP_ROWS;
  gx_rectangle(0, top, SCREEN_WIDTH, STAMP_ROWS, BLACK);
  draw_bits(top, (value << 8) | crc8(value));
  draw_bits(top + STRIP_ROWS, seed);
}

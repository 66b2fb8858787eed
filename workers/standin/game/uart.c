#include "uart.h"

#define EXI_CONTROL 0xCC006800
#define EXI_TRANSFER 0xCC00680C
#define EXI_DATA 0xCC006810
#define SELECT_DEVICE_1 ((1 << 8) | (5 << 4))
#define WRITE_IMMEDIATE ((1 << 2) | 1)
#define UART_WRITE 0xA0010000u

static u32 pending; /* up to four bytes, most significant first, not yet sent */
static u32 num_pending;

static void send(void) {
  if (!num_pending) return;
  REG32(EXI_DATA) = pending << (8 * (4 - num_pending));
  REG32(EXI_TRANSFER) = ((num_pending - 1) << 4) | WRITE_IMMEDIATE;
  while (REG32(EXI_TRANSFER) & 1) {
  }
  num_pending = 0;
}

static void put(char c) {
  pending = (pending << 8) | (u8)c;
  if (++num_pending == 4) send();
}

void uart_report(const char *tag, s32 n) {
  char digits[12];
  u32 num_digits = 0, magnitude = n < 0 ? -(u32)n : (u32)n;
  REG32(EXI_CONTROL) = SELECT_DEVICE_1;
  REG32(EXI_DATA) = UART_WRITE;
  REG32(EXI_TRANSFER) = (3 << 4) | WRITE_IMMEDIATE;
  while (REG32(EXI_TRANSFER) & 1) {
  }
  put('[');
  while (*tag) put(*tag++);
  put(']');
  put(' ');
  if (n < 0) put('-');
  do digits[num_digits++] = (char)('0' + magnitude % 10);
  while (magnitude /= 10);
  while (num_digits) put(digits[--num_digits]);
  put('\r');
  send();
  REG32(EXI_CONTROL) = 0;
}

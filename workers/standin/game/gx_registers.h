/* The graphics processor's command stream: what gx.c and the benchmark's scene write into it. */
#ifndef GX_REGISTERS_H
#define GX_REGISTERS_H
#include "types.h"

#define WRITE8(v) (*(volatile u8 *)0xCC008000 = (u8)(v))
#define WRITE16(v) (*(volatile u16 *)0xCC008000 = (u16)(v))
#define WRITE32(v) (*(volatile u32 *)0xCC008000 = (u32)(v))

/* IEEE-754 words, so that no floating-point code is needed. */
#define F_0 0x00000000u
#define F_1 0x3F800000u
#define F_MINUS_1 0xBF800000u

static inline void load_bp(u32 reg, u32 v) {
  WRITE8(0x61);
  WRITE32((reg << 24) | (v & 0xFFFFFF));
}

static inline void load_cp(u32 reg, u32 v) {
  WRITE8(0x08);
  WRITE8(reg);
  WRITE32(v);
}

static inline void load_xf(u32 address, const u32 *words, u32 num_words) {
  WRITE8(0x10);
  WRITE16(num_words - 1);
  WRITE16(address);
  for (u32 i = 0; i < num_words; i++) WRITE32(words[i]);
}

static inline void load_xf_word(u32 address, u32 v) { load_xf(address, &v, 1); }

/* The write-gather pipe passes bytes on in bursts of 32: pad, so that the last commands leave it. */
static inline void flush(void) {
  for (u32 i = 0; i < 8; i++) WRITE32(0);
}
#endif

/* What the parts of the preloaded library know of each other. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__ /* since glibc 2.34 these have a second version, which older ones lack */
__asm__(".symver dlsym,dlsym@GLIBC_2.2.5");
__asm__(".symver pthread_create,pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_detach,pthread_detach@GLIBC_2.2.5");
#endif

#define EXPORT __attribute__((visibility("default")))

/* The program's own function, behind ours. */
#define REAL(type, name)             \
  static __typeof__(type) real;      \
  if (!real) real = (__typeof__(type))dlsym(RTLD_NEXT, name)

enum kind { HELLO = 1, LINE = 2, PICTURE = 3 };
enum { MAX_RECORD = 4096 }; /* bytes behind a record's start */

/* channel.c */
int is_channel_open(void);
void send_record(enum kind kind, const void *body, size_t size);

/* channel.c: where the next picture goes, once there is room; NULL if it is too large, or nobody reads any more.
 * For one thread alone. */
uint8_t *wait_for_slot(size_t size, uint32_t *slot);

/* lines.c: the frame in the last "[CURRENT_FRAME] n" that was printed; returns 0 if none was. */
int frame_asked(int32_t *slp_frame);

/* i420.c: convert pixels of 4 bytes, full range, to packed I420, BT.601 limited range.
 * `stride` is the distance from a row to the one below it, in bytes; width and height are even. */
void dolphin_farm_i420(const uint8_t *pixels, ptrdiff_t stride, int width, int height, int is_bgra, uint8_t *yuv);

#endif

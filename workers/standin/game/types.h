/* Integer types. Everything in this program is integer or fixed-point: soft floats would cost more than the
 * drawing. */
#ifndef TYPES_H
#define TYPES_H
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef signed char s8;
typedef signed short s16;
typedef signed int s32;

#ifndef REG32 /* a test on another machine puts registers of its own in the place of the console's */
#define REG16(address) (*(volatile u16 *)(address))
#define REG32(address) (*(volatile u32 *)(address))
#define PHYSICAL(pointer) ((u32)(pointer) & 0x01FFFFFFu)
#endif
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline s32 clamp(s32 v, s32 low, s32 high) { return v < low ? low : v > high ? high : v; }
static inline s32 absolute(s32 v) { return v < 0 ? -v : v; }
static inline s32 lower(s32 a, s32 b) { return a < b ? a : b; }
static inline s32 higher(s32 a, s32 b) { return a > b ? a : b; }
#endif

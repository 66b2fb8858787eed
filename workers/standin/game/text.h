/* Letters and digits of thick strokes. */
#ifndef TEXT_H
#define TEXT_H
#include "gx.h"
struct type {
  s32 size;   /* height of a capital, subpixels */
  s32 weight; /* half a stroke's width, subpixels */
  s32 slant;  /* how far the top leans right, in 1/64 of the height */
  s32 border; /* outline's width, subpixels; 0 none */
  rgba colour, outline;
};
/* Draw a line of text whose left end is at x and whose capitals stand on y; returns where it ends. */
s32 text_draw(const struct type *type, s32 x, s32 y, const char *text);
s32 text_width(const struct type *type, const char *text);
#endif

#include "text.h"

/* Glyphs on a grid of 4 by 6, y down: strings of strokes "x0 y0 x1 y1" without blanks. */
struct glyph {
  char letter;
  u8 width;
  const char *strokes;
};

static const struct glyph glyphs[] = {
    {'0', 4,
     "10303041"
     "4145"
     "45363616"
     "16050501"
     "0110"},
    {'1', 3,
     "1020"
     "2026"
     "0636"},
    {'2', 4,
     "0110"
     "1030"
     "3041"
     "41423304"
     "04060646"},
    {'3', 4,
     "0040"
     "40133343"
     "43454536"
     "36161605"},
    {'4', 4,
     "3004"
     "04443036"},
    {'5', 4,
     "40000003"
     "03333344"
     "44454536"
     "36161605"},
    {'6', 4,
     "30100301"
     "10010305"
     "05161636"
     "36454544"
     "44333303"},
    {'7', 4, "00404016"},
    {'8', 4,
     "103030414142"
     "42333313"
     "13020201"
     "0110"
     "13040405"
     "05161636"
     "36454544"
     "4433"},
    {'9', 4,
     "43131302"
     "02010110"
     "10303041"
     "41454536"
     "3616"},
    {'%', 4,
     "0640"
     "00101011"
     "11010100"
     "35454546"
     "46363635"},
    {':', 1,
     "0212"
     "0515"},
    {'.', 1, "0616"},
    {'A', 4,
     "06020220"
     "20424246"
     "0444"},
    {'D', 4,
     "00060636"
     "36454541"
     "41303000"},
    {'E', 4,
     "40000006"
     "06460333"},
    {'G', 4,
     "41303010"
     "10010105"
     "05161636"
     "36454543"
     "4323"},
    {'M', 4,
     "06000023"
     "23404046"},
    {'O', 4,
     "10303041"
     "41454536"
     "36161605"
     "05010110"},
    {'P', 4,
     "06000030"
     "30414142"
     "42333303"},
    {'R', 4,
     "06000030"
     "30414142"
     "42333303"
     "2346"},
    {'Y', 4,
     "00232340"
     "2326"},
    {'!', 1,
     "0004"
     "0616"},
};

static const struct glyph *find(char letter) {
  for (u32 i = 0; i < COUNT_OF(glyphs); i++)
    if (glyphs[i].letter == letter) return &glyphs[i];
  return 0;
}

static s32 advance(const struct type *type, char letter) {
  const struct glyph *glyph = find(letter);
  return glyph ? (glyph->width * type->size / 6) + type->weight * 3 : type->size / 3;
}

static void draw_stroke(struct point a, struct point b, s32 half_width, rgba colour) {
  const s32 dx = b.x - a.x, dy = b.y - a.y, x = absolute(dx), y = absolute(dy);
  const s32 length = higher(x > y ? x + (y * 3 >> 3) : y + (x * 3 >> 3), 1);
  const s32 nx = dx * half_width / length, ny = dy * half_width / length;
  const s32 ux = nx * 5 / 8, uy = ny * 5 / 8; /* strokes overlap a little, so that corners close */
  gx_quad((struct point){a.x - ux + ny, a.y - uy - nx}, (struct point){b.x + ux + ny, b.y + uy - nx},
          (struct point){b.x + ux - ny, b.y + uy + nx}, (struct point){a.x - ux - ny, a.y - uy + nx}, colour);
}

static void draw_glyph(const struct type *type, const struct glyph *glyph, s32 x, s32 y, s32 half_width,
                       rgba colour) {
  for (const char *s = glyph->strokes; *s; s += 4) {
    struct point ends[2];
    for (u32 k = 0; k < 2; k++) {
      const s32 up = ('6' - s[2 * k + 1]) * type->size / 6;
      ends[k] = (struct point){x + (s[2 * k] - '0') * type->size / 6 + up * type->slant / 64, y - up};
    }
    draw_stroke(ends[0], ends[1], half_width, colour);
  }
}

s32 text_width(const struct type *type, const char *text) {
  s32 width = 0;
  while (*text) width += advance(type, *text++);
  return width;
}

s32 text_draw(const struct type *type, s32 x, s32 y, const char *text) {
  for (u32 pass = type->border ? 0 : 1; pass < 2; pass++) {
    s32 at = x;
    for (const char *c = text; *c; c++) {
      const struct glyph *glyph = find(*c);
      if (glyph && pass == 0) draw_glyph(type, glyph, at, y, type->weight + type->border, type->outline);
      if (glyph && pass == 1) draw_glyph(type, glyph, at, y, type->weight, type->colour);
      at += advance(type, *c);
    }
  }
  return x + text_width(type, text);
}

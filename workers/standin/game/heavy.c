#ifdef HEAVY_SCENE
#include "heavy.h"

#include "angle.h"
#include "gx.h"
#include "gx_registers.h"

/* Ports that run Melee's own drawing code counted 251 draw calls on Yoshi's Story, and 791 to 834 with some
 * 55,000 vertices on the Fountain, which draws its scene twice. This lies between: 400 display lists of 70
 * vertices, lit, textured, two TEV stages, depth-tested, and two copies of the picture into a texture, as for
 * shadows. What a display list has of vertices, the size of a texture and the pixels that a shape covers are
 * guesses. */
#define NUM_SHAPES 400
#define NUM_MESHES 16
#define STRIP_VERTICES 70
#define NUM_TEXTURES 8
#define TEXTURE_SIDE 64
#define NUM_SHADOWS 2
#define SHADOW_SIDE 128

#define VERTEX_BYTES 13
#define LIST_BYTES ((3 + STRIP_VERTICES * VERTEX_BYTES + 31) / 32 * 32)
#define TEXTURE_BYTES (TEXTURE_SIDE * TEXTURE_SIDE * 2)
#define TEXTURE_MATRIX 60 /* row of XF memory with the identity for texture coordinates */
#define RGB565 4
#define FORMAT_1 1 /* of vertices; the flat shapes have 0 */

static u8 lists[NUM_MESHES][LIST_BYTES] __attribute__((aligned(32)));
static u8 textures[NUM_TEXTURES][TEXTURE_BYTES] __attribute__((aligned(32)));
static u8 shadows[NUM_SHADOWS][SHADOW_SIDE * SHADOW_SIDE * 2] __attribute__((aligned(32)));

/* A fixed-point number with this many bits behind the point as an IEEE-754 word. */
static u32 float_of(s32 v, s32 num_bits) {
  if (!v) return F_0;
  u32 digits = (u32)absolute(v);
  s32 exponent = 127 + 23 - num_bits;
  for (; digits >= 0x1000000; digits >>= 1) exponent++;
  for (; digits < 0x800000; digits <<= 1) exponent--;
  return (v < 0 ? 0x80000000u : 0) | (u32)exponent << 23 | (digits & 0x7FFFFF);
}

static u8 *put16(u8 *to, s32 v) {
  to[0] = (u8)(v >> 8);
  to[1] = (u8)v;
  return to + 2;
}

/* A tube of one strip, bent differently in each mesh: place, normal and texture coordinate of each vertex. */
static void make_mesh(u32 mesh) {
  u8 *to = lists[mesh];
  *to++ = TRIANGLE_STRIP | FORMAT_1;
  to = put16(to, STRIP_VERTICES);
  for (s32 i = 0; i < STRIP_VERTICES; i++) {
    const s32 turn = i * 256 / (STRIP_VERTICES - 2), side = i & 1 ? 1 : -1;
    const s32 radius = 30 * SUBPIXELS + ((sine(turn * (s32)(2 + mesh % 4)) * 9 * SUBPIXELS) >> 14);
    to = put16(to, (cosine(turn) * radius) >> 14);
    to = put16(to, ((sine(turn) * radius) >> 14) + side * 14 * SUBPIXELS);
    to = put16(to, side * 4 * SUBPIXELS);
    *to++ = (u8)(cosine(turn) >> 8);
    *to++ = (u8)(sine(turn) >> 8);
    *to++ = (u8)(side * 40);
    to = put16(to, i * 512 / STRIP_VERTICES);
    to = put16(to, side > 0 ? 256 : 0);
  }
}

static void make_texture(u32 number) {
  for (u32 i = 0; i < TEXTURE_BYTES; i++) textures[number][i] = (u8)(hash(number * TEXTURE_BYTES + i / 4) >> 8);
}

static void make(void) {
  static u32 is_made;
  if (is_made) return;
  is_made = 1;
  for (u32 mesh = 0; mesh < NUM_MESHES; mesh++) make_mesh(mesh);
  for (u32 number = 0; number < NUM_TEXTURES; number++) make_texture(number);
}

static void use_texture(const u8 *texels, u32 side) {
  load_bp(0x80, 1 | (1 << 2) | (1 << 4) | (1 << 7)); /* repeats, linear */
  load_bp(0x84, 0);
  load_bp(0x88, (side - 1) | ((side - 1) << 10) | (RGB565 << 20));
  load_bp(0x8C, 3 << 15 | 3 << 18);
  load_bp(0x90, 0x4000 | 3 << 15 | 3 << 18);
  load_bp(0x94, PHYSICAL(texels) >> 5);
}

/* Texture times light, and a part of the texture again as a gloss. */
static void set_stages(void) {
  load_bp(0x00, 1 | (1 << 4) | (1 << 10)); /* one texture coordinate, one colour channel, two stages */
  load_bp(0x28, (1 << 6) | (1 << 18));     /* texture 0 in both, colour 0 */
  load_bp(0xC0, 15 | (10 << 4) | (8 << 8) | (15 << 12) | (1 << 19));
  load_bp(0xC1, (5 << 4) | (7 << 7) | (7 << 10) | (7 << 13) | (1 << 19));
  load_bp(0xC2, 0 | (2 << 4) | (8 << 8) | (15 << 12) | (1 << 19));
  load_bp(0xC3, (0 << 4) | (7 << 7) | (7 << 10) | (7 << 13) | (1 << 19));
  load_bp(0xE2, 64 | (255 << 12));
  load_bp(0xE3, 64 | (64 << 12));
  load_bp(0x40, 1 | (3 << 1) | (1 << 4)); /* the nearer one shows */
}

static void set_vertices(void) {
  load_cp(0x30, TEXTURE_MATRIX << 6);
  load_cp(0x50, (1 << 9) | (1 << 11)); /* place and normal in line */
  load_cp(0x60, 1);                    /* texture coordinate in line */
  load_cp(0x70 + FORMAT_1, 1 | (3 << 1) | (SUBPIXEL_BITS << 4) | (1 << 10) | (1 << 21) | (3 << 22) | (8 << 25) |
                               (1u << 30));
  load_cp(0x80 + FORMAT_1, 0x80000000u);
  load_cp(0x90 + FORMAT_1, 0);
}

static void set_light(void) {
  static const u32 identity[9] = {F_1, F_0, F_0, F_0, F_1, F_0, F_0, F_0, F_1};
  static const u32 coordinates[8] = {F_1, F_0, F_0, F_0, F_0, F_1, F_0, F_0};
  static const u32 light[13] = {0xFFF0D0FFu, F_1, F_0, F_0, F_1, F_0, F_0, 0x43A00000 /* 320 */,
                                0xC3960000 /* -300 */, 0x44480000 /* 800 */, F_0, F_0, F_1};
  load_xf(0x0400, identity, 9);
  load_xf(4 * TEXTURE_MATRIX, coordinates, 8);
  load_xf(0x0603, light, 13);
  load_xf_word(0x1008, (1 << 2) | (1 << 4)); /* a normal and a texture coordinate, no colour */
  load_xf_word(0x100A, 0x606070FFu);
  load_xf_word(0x100E, (1 << 1) | (1 << 2) | (2 << 7)); /* material by register, light 0, from one side */
  load_xf_word(0x1010, 0);
  load_xf_word(0x1018, TEXTURE_MATRIX << 6);
  load_xf_word(0x103F, 1);
  load_xf_word(0x1040, 5 << 7); /* from texture coordinate 0 */
  load_xf_word(0x1050, 61);
}

/* Each wanders about its own place, and turns. */
static void place_shape(u32 number, s32 slp_frame) {
  const u32 own = hash(number + 77);
  const s32 angle = (s32)(own & 0xFF) + slp_frame * (s32)(1 + (own >> 8 & 3));
  const s32 x = (s32)(own >> 12 & 0x3FF) * SCREEN_WIDTH / 1024 + (sine(slp_frame + angle) >> 10);
  const s32 y = (s32)(own >> 22) * (SCREEN_HEIGHT - 40) / 1024;
  const s32 z = -8192 + (s32)(number * 16384 / NUM_SHAPES);
  const u32 c = float_of(cosine(angle), 14), s = float_of(sine(angle), 14), n = float_of(-sine(angle), 14);
  const u32 matrix[12] = {c,   n,   F_0, float_of(x, 0), s, c, F_0, float_of(y, 0),
                          F_0, F_0, F_0, float_of(z, 15)};
  load_xf(0, matrix, 12);
  load_xf_word(0x100C, own | 0x404040FFu);
}

static void call_list(u32 mesh) {
  WRITE8(0x40);
  WRITE32(PHYSICAL(lists[mesh]));
  WRITE32(LIST_BYTES);
}

/* Copy a part of the picture into a texture, without clearing it, and use that. */
static void copy_shadow(u32 number) {
  load_bp(0x49, (number * 256) | (128 << 10));
  load_bp(0x4A, (SHADOW_SIDE - 1) | ((SHADOW_SIDE - 1) << 10));
  load_bp(0x4B, PHYSICAL(shadows[number]) >> 5);
  load_bp(0x4D, SHADOW_SIDE / 4);
  load_bp(0x4E, 0x100);
  load_bp(0x52, 3 | (2 * RGB565) << 3);
  use_texture(shadows[number], SHADOW_SIDE);
}

void heavy_draw(s32 slp_frame) {
  make();
  set_stages();
  set_vertices();
  set_light();
  for (u32 number = 0; number < NUM_SHAPES; number++) {
    if (number % (NUM_SHAPES / NUM_SHADOWS) == NUM_SHAPES / NUM_SHADOWS - 8)
      copy_shadow(number * NUM_SHADOWS / NUM_SHAPES);
    else if (number % 4 == 0)
      use_texture(textures[number / 4 % NUM_TEXTURES], TEXTURE_SIDE);
    gx_blend(number % 4 == 3);
    place_shape(number, slp_frame);
    call_list(number % NUM_MESHES);
  }
  gx_flat();
}
#endif

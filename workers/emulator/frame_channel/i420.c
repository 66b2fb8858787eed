/* Converts pictures to packed I420, BT.601 limited range: the only arithmetic on pixels before the encoder.
 *
 * i420.py says the same in numpy, and a test holds the two together to the bit. */
#include <emmintrin.h>

#include "channel.h"

/* Weights of red, green and blue, scaled by 2^15; those of a chroma sum to zero, so that grey has none. */
enum {
  Y_R = 8414, Y_G = 16519, Y_B = 3208,
  U_R = -4857, U_G = -9535, U_B = 14392,
  V_R = 14392, V_G = -12052, V_B = -2340,
  Y_BITS = 15, Y_START = (16 << Y_BITS) + (1 << (Y_BITS - 1)),
  C_BITS = 17, C_START = (128 << C_BITS) + (1 << (C_BITS - 1)) /* of the sum of four pixels */
};

/* A pixel as two pairs of 16 bits, outer (red and blue, in the order of the bytes) and inner (green, and alpha x 0). */
struct weights {
  __m128i outer, inner;
};

static struct weights weights_of(int red, int green, int blue, int is_bgra) {
  const short low = (short)(is_bgra ? blue : red), high = (short)(is_bgra ? red : blue);
  const struct weights found = {
      _mm_set_epi16(high, low, high, low, high, low, high, low),
      _mm_set_epi16(0, (short)green, 0, (short)green, 0, (short)green, 0, (short)green),
  };
  return found;
}

static inline __m128i weighed(__m128i outer, __m128i inner, struct weights by, int start, int bits) {
  const __m128i sum = _mm_add_epi32(_mm_madd_epi16(outer, by.outer), _mm_madd_epi16(inner, by.inner));
  return _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(start)), bits);
}

/* The sums of neighbours of eight values of 32 bits. */
static inline __m128i pairs(__m128i one, __m128i two) {
  const __m128 a = _mm_castsi128_ps(one), b = _mm_castsi128_ps(two);
  return _mm_add_epi16(_mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0))),
                       _mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1))));
}

/* Two rows of 16 pixels: 32 of Y, 8 each of U and V. */
static inline void block(const uint8_t *upper, const uint8_t *lower, const struct weights *by, uint8_t *y_upper,
                         uint8_t *y_lower, uint8_t *u, uint8_t *v) {
  const __m128i mask = _mm_set1_epi32(0x00ff00ff);
  __m128i outer[4], inner[4], y[4];
  for (int row = 0; row < 2; row++) {
    const uint8_t *pixels = row ? lower : upper;
    for (int k = 0; k < 4; k++) {
      const __m128i four = _mm_loadu_si128((const __m128i *)(pixels + 16 * k));
      const __m128i out = _mm_and_si128(four, mask), in = _mm_and_si128(_mm_srli_epi32(four, 8), mask);
      y[k] = weighed(out, in, by[0], Y_START, Y_BITS);
      outer[k] = row ? _mm_add_epi16(outer[k], out) : out;
      inner[k] = row ? _mm_add_epi16(inner[k], in) : in;
    }
    const __m128i packed = _mm_packus_epi16(_mm_packs_epi32(y[0], y[1]), _mm_packs_epi32(y[2], y[3]));
    _mm_storeu_si128((__m128i *)(row ? y_lower : y_upper), packed);
  }
  for (int chroma = 1; chroma <= 2; chroma++) {
    __m128i half[2];
    for (int k = 0; k < 2; k++)
      half[k] = weighed(pairs(outer[2 * k], outer[2 * k + 1]), pairs(inner[2 * k], inner[2 * k + 1]), by[chroma],
                        C_START, C_BITS);
    const __m128i packed = _mm_packus_epi16(_mm_packs_epi32(half[0], half[1]), _mm_setzero_si128());
    _mm_storel_epi64((__m128i *)(chroma == 1 ? u : v), packed);
  }
}

/* The same for two rows of two pixels, at the right edge of widths that are no multiple of 16. */
static void corner(const uint8_t *upper, const uint8_t *lower, int is_bgra, uint8_t *y_upper, uint8_t *y_lower,
                   uint8_t *u, uint8_t *v) {
  int red = 0, green = 0, blue = 0;
  for (int k = 0; k < 4; k++) {
    const uint8_t *pixel = (k < 2 ? upper : lower) + 4 * (k & 1);
    const int r = pixel[is_bgra ? 2 : 0], g = pixel[1], b = pixel[is_bgra ? 0 : 2];
    (k < 2 ? y_upper : y_lower)[k & 1] = (uint8_t)((Y_R * r + Y_G * g + Y_B * b + Y_START) >> Y_BITS);
    red += r, green += g, blue += b;
  }
  *u = (uint8_t)((U_R * red + U_G * green + U_B * blue + C_START) >> C_BITS);
  *v = (uint8_t)((V_R * red + V_G * green + V_B * blue + C_START) >> C_BITS);
}

EXPORT void dolphin_farm_i420(const uint8_t *pixels, ptrdiff_t stride, int width, int height, int is_bgra,
                              uint8_t *yuv) {
  const struct weights by[3] = {
      weights_of(Y_R, Y_G, Y_B, is_bgra),
      weights_of(U_R, U_G, U_B, is_bgra),
      weights_of(V_R, V_G, V_B, is_bgra),
  };
  uint8_t *u = yuv + (size_t)width * (size_t)height, *v = u + (size_t)width * (size_t)height / 4;
  for (int row = 0; row < height; row += 2, yuv += 2 * width, u += width / 2, v += width / 2) {
    const uint8_t *upper = pixels + row * stride, *lower = upper + stride;
    int x = 0;
    for (; x + 16 <= width; x += 16)
      block(upper + 4 * x, lower + 4 * x, by, yuv + x, yuv + width + x, u + x / 2, v + x / 2);
    for (; x < width; x += 2)
      corner(upper + 4 * x, lower + 4 * x, is_bgra, yuv + x, yuv + width + x, u + x / 2, v + x / 2);
  }
}

/* Takes each picture from the driver at the moment when the program shows it (glXSwapBuffers).
 *
 * The game asks for frame n, which the emulator prints as "[CURRENT_FRAME] n", draws it, and shows it before the game
 * asks for n + 1; all of that on one thread. So the frame of a picture is the one that was asked for last when it is
 * shown, whatever reads, writes and converts it later.
 *
 * The picture is read into a buffer of the driver's, which does not wait for the drawing to be done. When the next one
 * is shown, that buffer is looked into, and a thread of ours converts and sends it while the emulator goes on; so it
 * is one picture behind, and the last one of all is never sent. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"


enum {
  GL_VIEWPORT = 0x0BA2, GL_PACK_ROW_LENGTH = 0x0D02, GL_PACK_SKIP_ROWS = 0x0D03, GL_PACK_SKIP_PIXELS = 0x0D04,
  GL_PACK_ALIGNMENT = 0x0D05, GL_UNSIGNED_BYTE = 0x1401, GL_BGRA = 0x80E1, GL_PIXEL_PACK_BUFFER = 0x88EB,
  GL_STREAM_READ = 0x88E1, GL_PIXEL_PACK_BUFFER_BINDING = 0x88ED, GL_READ_FRAMEBUFFER = 0x8CA8,
  GL_READ_FRAMEBUFFER_BINDING = 0x8CAA, GL_MAP_READ_BIT = 1, MAX_SIDE = 8192
};

typedef void (*any_function)(void);
static struct {
  void (*GetIntegerv)(unsigned, int *);
  void (*PixelStorei)(unsigned, int);
  void (*ReadPixels)(int, int, int, int, unsigned, unsigned, void *);
  void (*GenBuffers)(int, unsigned *);
  void (*BindBuffer)(unsigned, unsigned);
  void (*BufferData)(unsigned, ptrdiff_t, const void *, unsigned);
  void *(*MapBufferRange)(unsigned, ptrdiff_t, ptrdiff_t, unsigned);
  unsigned char (*UnmapBuffer)(unsigned);
  void (*BindFramebuffer)(unsigned, unsigned);
} gl;

/* A picture that was shown, and the driver's buffer that it was read into. */
struct shot {
  unsigned buffer;
  size_t room;
  int width, height, number, has_asked, is_read;
  int32_t asked;
};
static struct shot shots[2];
static int turn, num_shown;
static void *context;      /* in which the buffers are */
static struct shot *mapped; /* whose buffer the sending thread looks into */

/* --- the thread that sends ----------------------------------------------------------------------------------------- */

static pthread_mutex_t sending = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static const uint8_t *pixels; /* under `sending`: what is to be sent, bottom row first; NULL when that is done */
static struct shot sent;

static void send_picture(const uint8_t *bottom_up, const struct shot *shot) {
  struct {
    int32_t number;
    uint32_t width, height, has_asked;
    int32_t asked;
    uint32_t slot;
  } picture = {shot->number, (uint32_t)shot->width, (uint32_t)shot->height, (uint32_t)shot->has_asked, shot->asked, 0};
  const ptrdiff_t stride = 4 * (ptrdiff_t)shot->width;
  uint8_t *yuv = wait_for_slot((size_t)shot->width * (size_t)shot->height * 3 / 2, &picture.slot);
  if (!yuv) return;
  dolphin_farm_i420(bottom_up + stride * (shot->height - 1), -stride, shot->width, shot->height, 1, yuv);
  send_record(PICTURE, &picture, sizeof picture);
}

static void *send_pictures(void *nothing) {
  for (;;) {
    pthread_mutex_lock(&sending);
    while (!pixels) pthread_cond_wait(&changed, &sending);
    const uint8_t *bottom_up = pixels;
    const struct shot shot = sent;
    pthread_mutex_unlock(&sending);
    send_picture(bottom_up, &shot);
    pthread_mutex_lock(&sending);
    pixels = NULL;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&sending);
  }
  return nothing;
}

static void wait_until_sent(void) {
  pthread_mutex_lock(&sending);
  while (pixels) pthread_cond_wait(&changed, &sending);
  pthread_mutex_unlock(&sending);
}

static void hand_over(const uint8_t *bottom_up, const struct shot *shot) {
  pthread_mutex_lock(&sending);
  pixels = bottom_up;
  sent = *shot;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&sending);
}

/* --- the driver ---------------------------------------------------------------------------------------------------- */

static any_function driver_function(const char *name) {
  typedef any_function (*finder)(const unsigned char *);
  static finder find;
  if (!find) find = (finder)dlsym(RTLD_NEXT, "glXGetProcAddressARB");
  any_function found = find ? find((const unsigned char *)name) : NULL;
  return found ? found : (any_function)dlsym(RTLD_NEXT, name);
}

/* Find the driver's functions and start the thread, once; return whether all of it is there. */
static int is_ready(void) {
  static int state; /* 0 not tried, 1 ready, -1 cannot be */
  if (state) return state > 0;
  const struct {
    const char *name;
    void *place;
  } needed[] = {
      {"glGetIntegerv", &gl.GetIntegerv}, {"glPixelStorei", &gl.PixelStorei},
      {"glReadPixels", &gl.ReadPixels},   {"glGenBuffers", &gl.GenBuffers},
      {"glBindBuffer", &gl.BindBuffer},   {"glBufferData", &gl.BufferData},
      {"glMapBufferRange", &gl.MapBufferRange}, {"glUnmapBuffer", &gl.UnmapBuffer},
      {"glBindFramebuffer", &gl.BindFramebuffer},
  };
  state = -1;
  for (size_t k = 0; k < sizeof needed / sizeof *needed; k++) {
    any_function found = driver_function(needed[k].name);
    if (!found) return 0;
    memcpy(needed[k].place, &found, sizeof found);
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, send_pictures, NULL)) return 0;
  pthread_detach(thread);
  state = 1;
  return 1;
}

static void read_into(struct shot *shot) {
  int viewport[4] = {0, 0, 0, 0};
  gl.GetIntegerv(GL_VIEWPORT, viewport); /* the emulator sets it to the whole window before it shows a picture */
  shot->width = viewport[2] & ~1;
  shot->height = viewport[3] & ~1;
  shot->number = ++num_shown;
  shot->has_asked = frame_asked(&shot->asked);
  shot->is_read = shot->width > 0 && shot->height > 0 && shot->width <= MAX_SIDE && shot->height <= MAX_SIDE;
  if (!shot->is_read) return;
  const size_t needed = (size_t)shot->width * (size_t)shot->height * 4;
  gl.BindBuffer(GL_PIXEL_PACK_BUFFER, shot->buffer);
  if (shot->room != needed) gl.BufferData(GL_PIXEL_PACK_BUFFER, (ptrdiff_t)needed, NULL, GL_STREAM_READ);
  shot->room = needed;
  gl.ReadPixels(0, 0, shot->width, shot->height, GL_BGRA, GL_UNSIGNED_BYTE, NULL);
}

/* Look into the buffer of a picture that was read, and give it to the thread. */
static void send(struct shot *shot) {
  gl.BindBuffer(GL_PIXEL_PACK_BUFFER, shot->buffer);
  const uint8_t *bottom_up = gl.MapBufferRange(GL_PIXEL_PACK_BUFFER, 0, (ptrdiff_t)shot->room, GL_MAP_READ_BIT);
  shot->is_read = 0;
  if (!bottom_up) { /* its number will be missed; in a new context at the old one's address no buffer has room */
    shot->room = 0;
    return;
  }
  mapped = shot;
  hand_over(bottom_up, shot);
}

static void take_back(void) {
  wait_until_sent();
  if (!mapped) return;
  gl.BindBuffer(GL_PIXEL_PACK_BUFFER, mapped->buffer);
  gl.UnmapBuffer(GL_PIXEL_PACK_BUFFER);
  mapped = NULL;
}

/* Buffers belong to a context: in a new one those of the old are gone, with what was in them. */
static void follow_context(void) {
  typedef void *(*getter)(void);
  static getter get;
  if (!get) get = (getter)dlsym(RTLD_NEXT, "glXGetCurrentContext");
  void *now = get ? get() : NULL;
  if (now == context) return;
  wait_until_sent();
  mapped = NULL;
  memset(shots, 0, sizeof shots);
  for (int k = 0; k < 2; k++) gl.GenBuffers(1, &shots[k].buffer);
  context = now;
}

static void take_picture(void) {
  static const unsigned packing[] = {GL_PACK_ALIGNMENT, GL_PACK_ROW_LENGTH, GL_PACK_SKIP_ROWS, GL_PACK_SKIP_PIXELS};
  static const int plain[] = {1, 0, 0, 0};
  int before[4], framebuffer = 0, buffer = 0;
  gl.GetIntegerv(GL_READ_FRAMEBUFFER_BINDING, &framebuffer);
  gl.GetIntegerv(GL_PIXEL_PACK_BUFFER_BINDING, &buffer);
  for (int k = 0; k < 4; k++) {
    gl.GetIntegerv(packing[k], &before[k]);
    gl.PixelStorei(packing[k], plain[k]);
  }
  gl.BindFramebuffer(GL_READ_FRAMEBUFFER, 0);
  follow_context();
  take_back();
  struct shot *now = &shots[turn], *last = &shots[!turn];
  turn = !turn;
  read_into(now);
  if (last->is_read) send(last);
  gl.BindBuffer(GL_PIXEL_PACK_BUFFER, (unsigned)buffer);
  gl.BindFramebuffer(GL_READ_FRAMEBUFFER, (unsigned)framebuffer);
  for (int k = 0; k < 4; k++) gl.PixelStorei(packing[k], before[k]);
}

/* Nobody looks at the display, and copying each picture to it costs a tenth of the emulator's time. So pictures of the
 * game are taken and not shown. Those of the waiting screen are: a driver learns of its window's size by showing it. */
EXPORT void glXSwapBuffers(void *display, unsigned long drawable) {
  REAL(void (*)(void *, unsigned long), "glXSwapBuffers");
  int32_t asked;
  const int is_taken = is_channel_open() && is_ready();
  if (is_taken) take_picture();
  if (!is_taken || !frame_asked(&asked)) real(display, drawable);
}

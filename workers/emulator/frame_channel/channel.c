/* Preloaded (LD_PRELOAD) into Slippi's playback Dolphin: hands each picture over as it is, before it becomes a PNG,
 * together with the emulator's printed lines, in one ordered stream.
 *
 *     DOLPHIN_FARM_CHANNEL_FD=n    the writing end of a pipe; without it this library does nothing
 *
 * Records, all numbers in the machine's order:  u32 magic, u32 kind, u32 length, then `length` bytes.
 *     HELLO    u32 version                       sent once, by the first process that has libpng
 *     LINE     text without its end              each line printed to stdout, which gets it as well
 *     PICTURE  i32 number, u32 width, u32 height, u32 known, i32 slp_frame, then rows of RGBA
 * `number` is the N of framedump_N.png. `known` says what slp_frame is worth, see enum known.
 *
 * Which frame a picture shows: the game asks for frame n, which the emulator prints as "[CURRENT_FRAME] n", draws
 * it, and the OpenGL backend asks the driver for the picture (glReadPixels into a buffer) before the game asks for
 * n + 1; all of that on one thread. Pictures are written to files later, by another thread, in the same order. So
 * the i-th picture written belongs to the i-th such call, and the line that was the last one then is its own.
 *
 * It must never harm the program: whatever is unexpected goes on to the real libpng. A write blocks while the pipe
 * is full, which holds the emulator back. Once nobody reads any more, pictures are dropped in silence.
 *
 * It is compiled without libpng's and OpenGL's headers, and binds to old symbol versions only, so that one binary
 * serves every Linux on x86-64. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __x86_64__ /* since glibc 2.34 dlsym has a second version, which older ones lack */
__asm__(".symver dlsym,dlsym@GLIBC_2.2.5");
#endif

enum { VERSION = 1, MAGIC = 0x4d524644 /* "DFRM" */ };
enum kind { HELLO = 1, LINE = 2, PICTURE = 3 };
enum known {
  NOT_SEEN = 0,      /* no call to the driver belongs to this picture: slp_frame says nothing */
  BEFORE_GAME = 1,   /* no frame had been asked for yet: a picture of the waiting screen */
  ASKED = 2          /* slp_frame had been asked for, and no later one */
};
enum { MAX_LINE = 4096, MAX_SIDE = 16384, NUM_SHOTS = 4, NUM_CALLS = 64 };
enum { RGBA8_DEPTH = 8, PNG_RGBA = 6, GL_RGBA_ = 0x1908, GL_UNSIGNED_BYTE_ = 0x1401 };

#define EXPORT __attribute__((visibility("default")))
/* The program's own function, behind ours. */
#define REAL(type, name)                                  \
  static __typeof__(type) real;                           \
  if (!real) real = (__typeof__(type))dlsym(RTLD_NEXT, name)

/* --- the stream ------------------------------------------------------------------------------------------------ */

static int channel = -1; /* set once, before any other thread runs */
static int is_broken;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

/* Write all of it; without SIGPIPE, which would kill the program when the reader has gone. */
static void put(const void *data, size_t size) {
  const char *bytes = data;
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  sigprocmask(SIG_BLOCK, &pipe_signal, &before); /* on Linux this is the calling thread's mask */
  while (size && !is_broken) {
    ssize_t done = write(channel, bytes, size);
    if (done >= 0) {
      bytes += done;
      size -= (size_t)done;
    } else if (errno != EINTR) {
      if (errno == EPIPE && !sigismember(&pending, SIGPIPE)) {
        const struct timespec at_once = {0, 0};
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR) continue;
      }
      is_broken = 1;
    }
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
}

static void send_record(enum kind kind, const void *head, size_t head_size, const void *body, size_t body_size) {
  const uint32_t start[3] = {MAGIC, kind, (uint32_t)(head_size + body_size)};
  const int error = errno; /* the program may look at it after a call of ours that it thinks is the library's */
  pthread_mutex_lock(&writing);
  put(start, sizeof start);
  put(head, head_size);
  put(body, body_size);
  pthread_mutex_unlock(&writing);
  errno = error;
}

__attribute__((constructor)) static void open_channel(void) {
  const char *text = getenv("DOLPHIN_FARM_CHANNEL_FD");
  int number = 0;
  /* Launchers before the program (setpriv, a shell) have no libpng: the descriptor is not for them. */
  if (!text || !*text || !dlsym(RTLD_NEXT, "png_write_row")) return;
  for (; *text >= '0' && *text <= '9' && number < 100000; text++) number = number * 10 + (*text - '0');
  if (*text || lseek(number, 0, SEEK_CUR) >= 0 || errno != ESPIPE) return; /* no open pipe */
  /* Nor is it for programs that this one starts. */
  unsetenv("DOLPHIN_FARM_CHANNEL_FD");
  fcntl(number, F_SETFD, FD_CLOEXEC);
  channel = number;
  const uint32_t version = VERSION;
  send_record(HELLO, &version, sizeof version, NULL, 0);
}

/* --- lines ----------------------------------------------------------------------------------------------------- */

static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;
static char line[MAX_LINE];
static size_t line_size;
static int has_asked; /* these two under `saying`: whether a frame was asked for, and which */
static int32_t last_asked;

static void end_line(void) {
  static const char tag[] = "[CURRENT_FRAME] ";
  const size_t tag_size = sizeof tag - 1;
  if (line_size > tag_size && line_size < tag_size + 12 && !memcmp(line, tag, tag_size)) {
    size_t at = tag_size;
    int64_t value = 0;
    const int is_negative = line[at] == '-';
    at += (size_t)is_negative;
    const size_t first_digit = at;
    for (; at < line_size && line[at] >= '0' && line[at] <= '9'; at++) value = value * 10 + (line[at] - '0');
    if (at == line_size && at > first_digit && value <= INT32_MAX) {
      last_asked = (int32_t)(is_negative ? -value : value);
      has_asked = 1;
    }
  }
  send_record(LINE, line, line_size, NULL, 0);
  line_size = 0;
}

static void said(const char *text, size_t size) {
  pthread_mutex_lock(&saying);
  for (size_t at = 0; at < size; at++) {
    if (text[at] == '\n') {
      end_line();
      continue;
    }
    if (line_size == MAX_LINE) end_line(); /* a longer line comes in pieces */
    line[line_size++] = text[at];
  }
  pthread_mutex_unlock(&saying);
}

/* std::cout hands its pieces to fwrite and putc; the others are for programs that print otherwise. */
EXPORT size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
  REAL(size_t (*)(const void *, size_t, size_t, FILE *), "fwrite");
  if (channel >= 0 && file == stdout) said(data, size * count);
  return real(data, size, count, file);
}

static void said_char(int character, FILE *file) {
  const char byte = (char)character;
  if (channel >= 0 && file == stdout) said(&byte, 1);
}

#undef putc
EXPORT int putc(int character, FILE *file) {
  REAL(int (*)(int, FILE *), "putc");
  said_char(character, file);
  return real(character, file);
}

EXPORT int _IO_putc(int character, FILE *file) {
  REAL(int (*)(int, FILE *), "_IO_putc");
  said_char(character, file);
  return real(character, file);
}

EXPORT int fputc(int character, FILE *file) {
  REAL(int (*)(int, FILE *), "fputc");
  said_char(character, file);
  return real(character, file);
}

#undef putchar
EXPORT int putchar(int character) {
  REAL(int (*)(int), "putchar");
  said_char(character, stdout);
  return real(character);
}

EXPORT int fputs(const char *text, FILE *file) {
  REAL(int (*)(const char *, FILE *), "fputs");
  if (channel >= 0 && file == stdout) said(text, strlen(text));
  return real(text, file);
}

EXPORT int puts(const char *text) {
  REAL(int (*)(const char *), "puts");
  if (channel >= 0) {
    said(text, strlen(text));
    said("\n", 1);
  }
  return real(text);
}

/* --- calls to the driver --------------------------------------------------------------------------------------- */

struct call {
  int width, height, has_asked;
  int32_t asked;
};
static pthread_mutex_t calling = PTHREAD_MUTEX_INITIALIZER;
static struct call calls[NUM_CALLS];
static unsigned num_calls, num_taken;
static int has_lost_count; /* calls and pictures no longer match: no picture's frame is known from here on */

typedef void (*read_pixels_function)(int, int, int, int, unsigned, unsigned, void *);
typedef void (*any_function)(void);
static read_pixels_function real_read_pixels;

/* The OpenGL backend asks so for each picture that it dumps, and for nothing else in this format. */
static void read_pixels(int x, int y, int width, int height, unsigned format, unsigned type, void *data) {
  if (!data && format == GL_RGBA_ && type == GL_UNSIGNED_BYTE_) {
    struct call call = {width, height, 0, 0};
    pthread_mutex_lock(&saying);
    call.has_asked = has_asked;
    call.asked = last_asked;
    pthread_mutex_unlock(&saying);
    pthread_mutex_lock(&calling);
    if (num_calls - num_taken >= NUM_CALLS) has_lost_count = 1;
    calls[num_calls++ % NUM_CALLS] = call;
    pthread_mutex_unlock(&calling);
  }
  real_read_pixels(x, y, width, height, format, type, data);
}

static any_function wrapped(const unsigned char *name, any_function found) {
  if (channel < 0 || !found || strcmp((const char *)name, "glReadPixels") != 0) return found;
  real_read_pixels = (read_pixels_function)found;
  return (any_function)read_pixels;
}

EXPORT any_function glXGetProcAddress(const unsigned char *name) {
  REAL(any_function (*)(const unsigned char *), "glXGetProcAddress");
  return real ? wrapped(name, real(name)) : NULL;
}

EXPORT any_function glXGetProcAddressARB(const unsigned char *name) {
  REAL(any_function (*)(const unsigned char *), "glXGetProcAddressARB");
  return real ? wrapped(name, real(name)) : NULL;
}

/* Return what was known when the driver was asked for the picture that is now being written. */
static struct call take_call(uint32_t width, uint32_t height, enum known *known) {
  struct call call = {0, 0, 0, 0};
  pthread_mutex_lock(&calling);
  if (num_taken == num_calls) has_lost_count = 1;
  if (!has_lost_count) {
    call = calls[num_taken++ % NUM_CALLS];
    if ((uint32_t)call.width != width || (uint32_t)call.height != height) has_lost_count = 1;
  }
  *known = has_lost_count ? NOT_SEEN : call.has_asked ? ASKED : BEFORE_GAME;
  pthread_mutex_unlock(&calling);
  return call;
}

/* --- pictures -------------------------------------------------------------------------------------------------- */

/* A PNG that is being written: instead of its rows going to libpng they gather here. */
struct shot {
  void *png; /* NULL: this place is free */
  int number, is_ours;
  char path[512];
  uint32_t width, height, row;
  size_t room;
  uint8_t *rows;
  enum known known;
  int32_t asked;
};
static pthread_mutex_t shooting = PTHREAD_MUTEX_INITIALIZER;
static struct shot shots[NUM_SHOTS];

static struct shot *shot_of(void *png) {
  struct shot *found = NULL;
  if (channel < 0 || !png) return NULL;
  pthread_mutex_lock(&shooting);
  for (int i = 0; i < NUM_SHOTS && !found; i++)
    if (shots[i].png == png) found = &shots[i];
  pthread_mutex_unlock(&shooting);
  return found;
}

static struct shot *free_shot(void *png) {
  struct shot *found = shot_of(png); /* left over from a PNG that failed, at the same address */
  pthread_mutex_lock(&shooting);
  for (int i = 0; i < NUM_SHOTS && !found; i++)
    if (!shots[i].png) found = &shots[i];
  if (found) {
    found->png = png;
    found->is_ours = 0;
  }
  pthread_mutex_unlock(&shooting);
  return found;
}

static void release(struct shot *shot) {
  pthread_mutex_lock(&shooting);
  shot->png = NULL;
  pthread_mutex_unlock(&shooting);
}

/* Return the N of .../framedump_N.png, or -1 for a file of another name. */
static int dump_number(const char *path) {
  static const char start[] = "framedump_";
  const char *name = strrchr(path, '/');
  int number = 0;
  name = name ? name + 1 : path;
  if (strncmp(name, start, sizeof start - 1) != 0) return -1;
  name += sizeof start - 1;
  if (*name < '0' || *name > '9') return -1;
  for (; *name >= '0' && *name <= '9' && number < 100000000; name++) number = number * 10 + (*name - '0');
  return strcmp(name, ".png") == 0 ? number : -1;
}

EXPORT void png_init_io(void *png, FILE *file) {
  REAL(void (*)(void *, FILE *), "png_init_io");
  real(png, file);
  if (channel < 0 || !file) return;
  char link[64], path[sizeof shots[0].path];
  const int error = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fileno(file));
  const ssize_t size = readlink(link, path, sizeof path - 1);
  errno = error;
  if (size <= 0 || (size_t)size >= sizeof path - 1) return;
  path[size] = '\0';
  const int number = dump_number(path);
  struct shot *shot = number < 0 ? NULL : free_shot(png);
  if (!shot) return;
  shot->number = number;
  memcpy(shot->path, path, (size_t)size + 1);
}

/* Read the picture's size into `shot`; return whether it is RGBA of 8 bits, and sane. */
static int has_known_shape(struct shot *shot, const void *png, const void *info) {
  typedef uint32_t (*length)(const void *, const void *);
  typedef uint8_t (*kind)(const void *, const void *);
  const length get_width = (length)dlsym(RTLD_NEXT, "png_get_image_width");
  const length get_height = (length)dlsym(RTLD_NEXT, "png_get_image_height");
  const kind get_depth = (kind)dlsym(RTLD_NEXT, "png_get_bit_depth");
  const kind get_colours = (kind)dlsym(RTLD_NEXT, "png_get_color_type");
  if (!get_width || !get_height || !get_depth || !get_colours) return 0;
  shot->width = get_width(png, info);
  shot->height = get_height(png, info);
  return shot->width - 1 < MAX_SIDE && shot->height - 1 < MAX_SIDE && get_depth(png, info) == RGBA8_DEPTH &&
         get_colours(png, info) == PNG_RGBA;
}

static int has_room(struct shot *shot) {
  const size_t needed = (size_t)shot->width * shot->height * 4;
  uint8_t *rows = shot->room >= needed ? shot->rows : realloc(shot->rows, needed);
  if (!rows) return 0;
  shot->rows = rows;
  if (shot->room < needed) shot->room = needed;
  return 1;
}

EXPORT void png_write_info(void *png, void *info) {
  REAL(void (*)(void *, void *), "png_write_info");
  struct shot *shot = shot_of(png);
  if (shot) {
    shot->row = 0;
    shot->is_ours = has_known_shape(shot, png, info);
    /* Taken in any case: each picture has a call of its own, whoever writes it. */
    shot->asked = take_call(shot->width, shot->height, &shot->known).asked;
    shot->is_ours = shot->is_ours && has_room(shot);
    if (shot->is_ours) return;
    release(shot);
  }
  real(png, info);
}

EXPORT void png_write_row(void *png, const uint8_t *row) {
  REAL(void (*)(void *, const uint8_t *), "png_write_row");
  struct shot *shot = shot_of(png);
  if (!shot || !shot->is_ours) {
    real(png, row);
    return;
  }
  const size_t size = (size_t)shot->width * 4;
  if (shot->row < shot->height) memcpy(shot->rows + size * shot->row++, row, size);
}

EXPORT void png_write_end(void *png, void *info) {
  REAL(void (*)(void *, void *), "png_write_end");
  struct shot *shot = shot_of(png);
  if (!shot || !shot->is_ours) {
    real(png, info);
    return;
  }
  if (shot->row == shot->height) {
    const struct {
      int32_t number;
      uint32_t width, height, known;
      int32_t asked;
    } head = {shot->number, shot->width, shot->height, (uint32_t)shot->known, shot->asked};
    send_record(PICTURE, &head, sizeof head, shot->rows, (size_t)shot->width * shot->height * 4);
  }
  unlink(shot->path); /* the program has created it, and nothing will be in it */
  release(shot);
}

EXPORT void png_destroy_write_struct(void **png, void **info) {
  REAL(void (*)(void **, void **), "png_destroy_write_struct");
  struct shot *shot = png ? shot_of(*png) : NULL;
  if (shot) release(shot); /* given up half way */
  real(png, info);
}

/* Preloaded (LD_PRELOAD) into Slippi's playback Dolphin: hands over each picture that the program shows, and each line
 * that it prints, in one ordered stream.
 *
 *     DOLPHIN_FARM_CHANNEL_FD=n    the writing end of a pipe; without it this library does nothing
 *
 * Records, all numbers in the machine's order:  u32 magic, u32 kind, u32 length, then `length` bytes.
 *     HELLO    u32 version                       sent once, by the first process that draws by GLX
 *     LINE     text without its end              each line printed to stdout, which gets it as well
 *     PICTURE  i32 number, u32 width, u32 height, u32 has_asked, i32 slp_frame, then packed I420
 * `number` counts the pictures shown, from 1. Where has_asked is 1, slp_frame is the frame that the game had asked for
 * last when the picture was shown; where it is 0, none had been asked for: it is one of the waiting screen.
 *
 * lines.c takes the lines, pictures.c the pictures; this file has the stream.
 *
 * It must never harm the program. A write blocks while the pipe is full, which holds the emulator back. Once nobody
 * reads any more, pictures are dropped in silence.
 *
 * It is compiled without OpenGL's headers, and binds to old symbol versions only, so that one binary serves every
 * Linux on x86-64. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"

enum { VERSION = 2, MAGIC = 0x4d524644 /* "DFRM" */ };

static int channel = -1; /* set once, before any other thread runs */
static int is_broken;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

int is_channel_open(void) { return channel >= 0; }

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

void send_record(enum kind kind, const void *head, size_t head_size, const void *body, size_t body_size) {
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
  /* Launchers before the program (setpriv, a shell) draw nothing: the descriptor is not for them. */
  if (!text || !*text || !dlsym(RTLD_NEXT, "glXSwapBuffers")) return;
  for (; *text >= '0' && *text <= '9' && number < 100000; text++) number = number * 10 + (*text - '0');
  if (*text || lseek(number, 0, SEEK_CUR) >= 0 || errno != ESPIPE) return; /* no open pipe */
  /* Nor is it for programs that this one starts. */
  unsetenv("DOLPHIN_FARM_CHANNEL_FD");
  fcntl(number, F_SETFD, FD_CLOEXEC);
  channel = number;
  const uint32_t version = VERSION;
  send_record(HELLO, &version, sizeof version, NULL, 0);
}

/* Preloaded (LD_PRELOAD) into Slippi's playback Dolphin: hands over each picture that the program shows, and each line
 * that it prints, in one ordered stream.
 *
 *     DOLPHIN_FARM_CHANNEL_FD=n     one end of a pair of stream sockets; without it this library does nothing
 *     DOLPHIN_FARM_PICTURES_FD=n    memory that is shared with the reader: NUM_SLOTS places for pictures, all of one size
 *
 * Records, all numbers in the machine's order:  u32 magic, u32 kind, u32 length, then `length` bytes.
 *     HELLO    u32 version                       sent once, by the first process that draws by GLX
 *     LINE     text without its end              each line printed to stdout, which gets it as well
 *     PICTURE  i32 number, u32 width, u32 height, u32 has_asked, i32 slp_frame, u32 slot
 * `number` counts the pictures shown, from 1. Where has_asked is 1, slp_frame is the frame that the game had asked for
 * last when the picture was shown; where it is 0, none had been asked for: it is one of the waiting screen. Its pixels
 * are packed I420 from the beginning of the slot on. They stay until the reader writes the slot's number, one byte, back
 * into the socket; all slots are free at first.
 *
 * lines.c takes the lines, pictures.c the pictures; this file has the stream and the slots.
 *
 * It must never harm the program. Without a free slot the thread that sends waits for one, which holds the emulator
 * back. Once nobody reads any more, pictures are dropped in silence.
 *
 * It is compiled without OpenGL's headers, and binds to old symbol versions only, so that one binary serves every
 * Linux on x86-64. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"

enum { VERSION = 3, MAGIC = 0x4d524644 /* "DFRM" */, NUM_SLOTS = 16 };

static int channel = -1; /* these three set once, before any other thread runs */
static uint8_t *memory;
static size_t slot_size;
static atomic_int is_broken;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static uint8_t free_slots[NUM_SLOTS]; /* these two for the thread that sends pictures alone */
static int num_free;

int is_channel_open(void) { return channel >= 0; }

/* Write all of it; without SIGPIPE, which would kill the program when the reader has gone. */
static void put(const uint8_t *bytes, size_t size) {
  while (size && !is_broken) {
    const ssize_t done = send(channel, bytes, size, MSG_NOSIGNAL);
    if (done >= 0) {
      bytes += done;
      size -= (size_t)done;
    } else if (errno != EINTR) {
      is_broken = 1;
    }
  }
}

void send_record(enum kind kind, const void *body, size_t size) {
  const uint32_t start[3] = {MAGIC, kind, (uint32_t)size};
  uint8_t record[sizeof start + MAX_RECORD];
  const int error = errno; /* the program may look at it after a call of ours that it thinks is the library's */
  memcpy(record, start, sizeof start);
  memcpy(record + sizeof start, body, size);
  pthread_mutex_lock(&writing);
  put(record, sizeof start + size);
  pthread_mutex_unlock(&writing);
  errno = error;
}

uint8_t *wait_for_slot(size_t size, uint32_t *slot) {
  if (size > slot_size) return NULL;
  while (!is_broken) {
    uint8_t back[NUM_SLOTS];
    const ssize_t count = recv(channel, back, sizeof back, num_free ? MSG_DONTWAIT : 0);
    for (ssize_t k = 0; k < count; k++)
      if (back[k] < NUM_SLOTS && num_free < NUM_SLOTS) free_slots[num_free++] = back[k];
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) is_broken = 1;
    if (is_broken || !num_free || (count < 0 && errno == EINTR)) continue;
    *slot = free_slots[--num_free]; /* the one that came back last: it is still in the processor's cache */
    return memory + *slot * slot_size;
  }
  return NULL;
}

static int descriptor_named(const char *name) {
  const char *text = getenv(name);
  int number = 0;
  if (!text || !*text) return -1;
  for (; *text >= '0' && *text <= '9' && number < 100000; text++) number = number * 10 + (*text - '0');
  /* Not for programs that this one starts. */
  if (!*text) fcntl(number, F_SETFD, FD_CLOEXEC);
  return *text ? -1 : number;
}

static int is_stream_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  return !getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_STREAM;
}

__attribute__((constructor)) static void open_channel(void) {
  static const char socket_name[] = "DOLPHIN_FARM_CHANNEL_FD", pictures_name[] = "DOLPHIN_FARM_PICTURES_FD";
  /* Launchers before the program (setpriv, a shell) draw nothing: the descriptors are not for them. */
  if (!getenv(socket_name) || !dlsym(RTLD_NEXT, "glXSwapBuffers")) return;
  const int number = descriptor_named(socket_name), pictures = descriptor_named(pictures_name);
  unsetenv(socket_name);
  unsetenv(pictures_name);
  if (number < 0 || pictures < 0 || !is_stream_socket(number)) return;
  const off_t size = lseek(pictures, 0, SEEK_END);
  if (size < NUM_SLOTS) return;
  void *mapping = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, pictures, 0);
  if (mapping == MAP_FAILED) return;
  memory = mapping;
  slot_size = (size_t)size / NUM_SLOTS;
  for (; num_free < NUM_SLOTS; num_free++) free_slots[num_free] = (uint8_t)num_free;
  channel = number;
  const uint32_t version = VERSION;
  send_record(HELLO, &version, sizeof version);
}

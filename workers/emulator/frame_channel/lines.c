/* Takes the lines that the program prints to its standard output, whichever function prints them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "channel.h"

enum { MAX_LINE = MAX_RECORD };

static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;
static char line[MAX_LINE];
static size_t line_size;
static int has_asked; /* these two under `saying`: whether a frame was asked for, and which */
static int32_t last_asked;

int frame_asked(int32_t *slp_frame) {
  pthread_mutex_lock(&saying);
  const int is_known = has_asked;
  *slp_frame = last_asked;
  pthread_mutex_unlock(&saying);
  return is_known;
}

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
  send_record(LINE, line, line_size);
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
  if (is_channel_open() && file == stdout) said(data, size * count);
  return real(data, size, count, file);
}

static void said_char(int character, FILE *file) {
  const char byte = (char)character;
  if (is_channel_open() && file == stdout) said(&byte, 1);
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
  if (is_channel_open() && file == stdout) said(text, strlen(text));
  return real(text, file);
}

EXPORT int puts(const char *text) {
  REAL(int (*)(const char *), "puts");
  if (is_channel_open()) {
    said(text, strlen(text));
    said("\n", 1);
  }
  return real(text);
}


/* Where things lie in the console's 24 MiB, outside the image at 0x80003100. pack.py knows REPLAY_BASE and
 * REPLAY_END. */
#ifndef MEMORY_H
#define MEMORY_H
#define STACK_TOP 0x80400000
#define FIFO_BASE 0x00400000
#define FIFO_BYTES 0x00080000
#define XFB_0 0x00500000
#define XFB_1 0x00600000
#define REPLAY_BASE 0x80800000
#define REPLAY_END 0x817F0000
#endif

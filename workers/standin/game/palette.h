/* The ports' colours: red, blue, yellow, green. */
#ifndef PALETTE_H
#define PALETTE_H
#include "gx.h"
static inline rgba palette_port(u32 port) {
  static const rgba ports[4] = {0xF03838FFu, 0x3C78F8FFu, 0xF0C030FFu, 0x38C850FFu};
  return ports[port & 3];
}
#endif

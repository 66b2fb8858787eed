/* Video interface: 480p timing, one retrace interrupt per 60 Hz field, which framebuffer is scanned out. */
#ifndef VI_H
#define VI_H
#include "types.h"
void vi_init(void);
/* Scan out the framebuffer at this physical address from the next field on. Nothing at all is shown before
 * the first call. */
void vi_show(u32 xfb);
/* Sleep until the next retrace interrupt (start.S). */
void vi_wait_retrace(void);
#endif

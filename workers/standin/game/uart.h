/* The debug serial port. Dolphin logs each line as OSREPORT, on its stderr within a millisecond. */
#ifndef UART_H
#define UART_H
#include "types.h"
/* Write "[tag] n" and end the line. */
void uart_report(const char *tag, s32 n);
#endif

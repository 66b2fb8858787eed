# Entry, external interrupt vector, and the idle loop.
#include "memory.h"

    .section .init, "ax"
    .globl _start
_start:
    lis 1, STACK_TOP@h
    ori 1, 1, STACK_TOP@l
    li 0, 0
    stwu 0, -16(1)
    lis 13, vi_retrace@h
    ori 13, 13, vi_retrace@l

    lis 3, bss_start@h
    ori 3, 3, bss_start@l
    lis 4, bss_end@h
    ori 4, 4, bss_end@l
1:  cmplw 3, 4
    bge 2f
    stw 0, 0(3)
    addi 3, 3, 4
    b 1b

    # Copy the interrupt handler to its vector; the old words may be in the instruction cache.
2:  lis 3, handler@h
    ori 3, 3, handler@l
    lis 4, handler_end@h
    ori 4, 4, handler_end@l
    lis 5, 0x8000
    ori 5, 5, 0x0500
3:  lwz 6, 0(3)
    stw 6, 0(5)
    dcbf 0, 5
    sync
    icbi 0, 5
    addi 3, 3, 4
    addi 5, 5, 4
    cmplw 3, 4
    blt 3b
    sync
    isync

    # Exceptions at 0x00000500 and not at 0xFFF00500; external interrupts on. MSR.IP = 0x40, MSR.EE = 0x8000.
    mfmsr 3
    rlwinm 3, 3, 0, 26, 24
    ori 3, 3, 0x8000
    mtmsr 3
    isync
    bl main
4:  b 4b

# Runs untranslated (MSR.IR = MSR.DR = 0), hence physical addresses. Leaves the condition register alone.
# Acknowledges both VI display interrupts (bit 15 of their upper halves) and sets vi_retrace.
handler:
    mtspr 272, 3
    mtspr 273, 4
    lis 3, 0x0C00
    ori 3, 3, 0x2000
    lhz 4, 0x30(3)
    rlwinm 4, 4, 0, 17, 31
    sth 4, 0x30(3)
    lhz 4, 0x34(3)
    rlwinm 4, 4, 0, 17, 31
    sth 4, 0x34(3)
    lis 3, (vi_retrace - 0x80000000)@h
    ori 3, 3, (vi_retrace - 0x80000000)@l
    li 4, 1
    stw 4, 0(3)
    mfspr 4, 273
    mfspr 3, 272
    rfi
handler_end:

    .text
    .globl vi_wait_retrace
# The three instructions of the loop are the ones that both Dolphins recognise as idling: load a word by r13 into r0,
# compare with zero, branch back. Emulated time then jumps to the next event and costs nothing.
# Slippi's recompiler goes on after such a jump at the start of the translated block it is in, and leaves an entry on its
# stack of return addresses if that block holds the call of this function, too, until it crashes. Writing the MSR ends a
# block: so the loop is one of its own.
vi_wait_retrace:
    mfmsr 0
    mtmsr 0
1:  lwz 0, 0(13)
    cmplwi 0, 0
    beq 1b
    li 0, 0
    stw 0, 0(13)
    blr

    .section .bss
    .globl vi_retrace
    .balign 4
vi_retrace:
    .space 4

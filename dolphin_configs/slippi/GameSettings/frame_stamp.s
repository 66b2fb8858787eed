# The frame stamp for Melee NTSC 1.02, as two Gecko insertions (C2). NEVER TRIED ON MELEE: see dolphin_configs/README.md.
#
# Right before Melee copies a finished picture out of the EFB, paint the stamp over its bottom 16 rows: 32 cells of 20
# pixels, 24 bits of (frame index + 123), then their CRC-8 (polynomial 0x07, initial 0), white for 1. The frame index is
# the one that Slippi's playback code counts, -123 at the start of a match.
#
# A cell is painted by the cheapest thing the hardware has: an EFB copy that clears what it copied. No vertex state is
# touched, it stays in order with the drawing, and its few registers are set again right after by the function that is
# hooked. The two colour registers are not, so what the game set there is remembered and put back.
#
# Assemble (tests/dolphin_configs/test_frame_stamp.py does, and compares with frame_stamp.ini):
#     powerpc-linux-gnu-as -mregnames -mgekko frame_stamp.s -o frame_stamp.o

    .set SAVED, 0x15F0          # two words at 0x800015F0, between exception vectors 0x1400 and 0x1700: nobody's
    .set FRAME_INDEX, -0x49AC   # from r13; Slippi's
    .set PIPE, -0x8000          # from 0xCC010000: the write gather pipe at 0xCC008000
    .set TOP, 464
    .set ROWS, 16
    .set CELL, 20

    .macro bp register          # load the BP register word in \register
    stb %r12, PIPE(%r11)
    stw \register, PIPE(%r11)
    .endm

# ---- At 0x8033D8A0, entry of GXSetCopyClear(r3: pointer to RGBA, r4: depth). Free: r0, r5, r6, cr0.
    .section .set_copy_clear, "ax"
    lis %r5, 0x8000
    lwz %r6, 0(%r3)
    stw %r6, SAVED(%r5)
    stw %r4, SAVED + 4(%r5)
    clrlwi %r0, %r4, 8          # the instruction that the insertion took the place of

# ---- At 0x8033DB4C, entry of GXCopyDisp(r3: framebuffer, r4: whether to clear). Free: r0, r5 to r12, ctr, cr0.
    .section .copy_disp, "ax"
    lwz %r5, FRAME_INDEX(%r13)
    addi %r5, %r5, 123
    slwi %r5, %r5, 8            # r5: 24 bits of the number, then 8 for the CRC

    # CRC of those 24 bits, most significant first, into r6.
    li %r6, 0
    li %r0, 24
    mtctr %r0
    mr %r7, %r5
1:  srwi %r8, %r7, 31           # next bit of the number ...
    rlwinm %r9, %r6, 25, 31, 31 # ... against the top bit of the CRC
    xor %r8, %r8, %r9
    neg %r8, %r8                # all ones if they differ
    andi. %r8, %r8, 7
    slwi %r6, %r6, 1
    xor %r6, %r6, %r8
    slwi %r7, %r7, 1
    bdnz 1b
    rlwimi %r5, %r6, 0, 24, 31  # r5: all 32 bits of the stamp

    lis %r11, 0xCC01
    li %r12, 0x61               # the command "load a BP register"

    # Where the copies go: the framebuffer, which the game's own copy fills right after.
    rlwinm %r6, %r3, 27, 7, 31  # address / 32, without the segment's bits
    oris %r6, %r6, 0x4B00
    bp %r6
    lis %r6, 0x4D00
    ori %r6, %r6, 640 / 8       # blocks of 8 pixels in a row
    bp %r6
    lis %r6, 0x51FF
    ori %r6, %r6, 0xFFFF        # depth: farthest
    bp %r6

    # First all 640 x 16 in black, then each white cell. r7: colour halves, r8: left edge, r9: width - 1.
    li %r7, 0
    li %r8, 0
    li %r9, 639
    li %r10, -1                 # cells done
2:  lis %r6, 0x4FFF             # alpha 255 and red; bits 16 to 23 are not used
    or %r6, %r6, %r7
    ori %r6, %r6, 0xFF00
    bp %r6
    clrlwi %r6, %r7, 16         # green and blue
    oris %r6, %r6, 0x5000
    bp %r6
    lis %r6, 0x4900 + (TOP >> 6) # source corner: x, and y from bit 10 on
    ori %r6, %r6, (TOP << 10) & 0xFFFF
    or %r6, %r6, %r8
    bp %r6
    lis %r6, 0x4A00
    ori %r6, %r6, (ROWS - 1) << 10
    or %r6, %r6, %r9
    bp %r6
    lis %r6, 0x5200
    ori %r6, %r6, 0x0800        # copy to a texture of four bits per pixel, then clear
    bp %r6

    # The next white cell, if there is one.
    li %r7, -1
    clrlwi %r7, %r7, 16
    li %r9, CELL - 1
3:  addi %r10, %r10, 1
    cmplwi %r10, 32
    bge 4f
    rlwnm. %r0, %r5, %r10, 0, 0 # bit r10 of the stamp, counted from the left
    beq 3b
    mulli %r8, %r10, CELL
    b 2b

    # Put the game's own clear colour and depth back.
4:  lis %r7, 0x8000
    lwz %r8, SAVED(%r7)         # RRGGBBAA
    rlwinm %r6, %r8, 8, 24, 31  # red
    rlwimi %r6, %r8, 8, 16, 23  # alpha above it
    oris %r6, %r6, 0x4F00
    bp %r6
    rlwinm %r6, %r8, 24, 16, 31 # green above blue
    oris %r6, %r6, 0x5000
    bp %r6
    lwz %r8, SAVED + 4(%r7)
    clrlwi %r6, %r8, 8
    oris %r6, %r6, 0x5100
    bp %r6
    clrlwi. %r0, %r4, 24        # the instruction that the insertion took the place of

/* SPDX-License-Identifier: MIT-0 */
/* Armv6, Armv7E-M: data and output transforms of Winograd F(4x4,3x3), two tiles side by side. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_SIMD32
#include "cnnc_arm_modes.h"

/* Two values v and w are kept as the one number 2^16 w + v while they are transformed: then plain
 * additions and shifts are exact in both, and only the last result is split into halves. */

/* One pair of channels of a column of six pixels in r3-r8, whose bytes are unsigned: B^T d, stored
 * 40 bytes apart from \offset on. */
.macro CNNC_WINOGRAD4_COLUMN_PAIR offset, rotation
    uxtb16  r9, r5, ror #\rotation
    uxtb16  r10, r7, ror #\rotation
    uxtb16  r11, r3, ror #\rotation
    sub     r11, r11, r9
    sub     r12, r10, r9
    add     r11, r12, r11, lsl #2
    sub     r10, r10, r9, lsl #2
    uxtb16  r9, r4, ror #\rotation
    uxtb16  lr, r6, ror #\rotation
    uxtb16  r0, r8, ror #\rotation
    sub     r0, r0, lr
    sub     r1, lr, r9
    sub     r0, r0, r1, lsl #2
    sub     lr, lr, r9, lsl #2
    add     r9, r10, lr
    sub     lr, r10, lr
    add     r10, r12, r1, lsl #1
    sub     r12, r12, r1, lsl #1
    str     r11, [r2, #\offset]
    str     r9, [r2, #\offset + 40]
    str     lr, [r2, #\offset + 80]
    str     r10, [r2, #\offset + 120]
    str     r12, [r2, #\offset + 160]
    str     r0, [r2, #\offset + 200]
.endm

/* Six columns of a row from r0 + \column on: d B, split into halves, for the six positions of the
 * row. r1 data of the first, r2 distance of positions. With 2^15 added, v is not negative and takes
 * nothing from w; then its highest bit is inverted. */
.macro CNNC_WINOGRAD4_ROW column, tile
    .if \column
    sub     r10, r0, #40 - \column
    ldmia   r10, {r3-r8}
    .else
    ldmia   r0, {r3-r8}
    add     r0, r0, #40
    .endif
    sub     r3, r3, r5
    sub     r9, r7, r5
    add     r9, r9, #0x8000
    add     r3, r9, r3, lsl #2
    sub     r7, r7, r5, lsl #2
    add     r7, r7, #0x8000
    sub     r8, r8, r6
    add     r8, r8, #0x8000
    sub     r5, r6, r4
    sub     r8, r8, r5, lsl #2
    sub     r6, r6, r4, lsl #2
    add     r4, r7, r6
    sub     r6, r7, r6
    add     r7, r9, r5, lsl #1
    sub     r9, r9, r5, lsl #1
    eor     r3, r3, #0x8000
    eor     r4, r4, #0x8000
    eor     r6, r6, #0x8000
    eor     r7, r7, #0x8000
    eor     r9, r9, #0x8000
    eor     r8, r8, #0x8000
    str     r3, [r1]
    str     r4, [r1, r2]
    str     r6, [r1, r2, lsl #1]
    add     r10, r1, r2
    str     r7, [r10, r2, lsl #1]
    str     r9, [r1, r2, lsl #2]
    str     r8, [r10, r2, lsl #2]
.endm

/* Frame, above the columns' [2 pairs][6 rows][10 columns] words: */
.set pixel_pointer, 480
.set data_pointer, 484
.set row_stride, 488
.set col_stride, 492
.set chunks_left, 496
.set position_step, 500
.set column_pointer, 504
.set data_frame_bytes, 512

/* void winograd4_data(const int8_t *pixels, uint32_t *data, int32_t row_stride,
 *                     int32_t col_stride, int32_t chunks); */
.section .text.winograd4_data, "ax", %progbits
.balign 4
.global CNNC_SYMBOL(winograd4_data)
.hidden CNNC_SYMBOL(winograd4_data)
.type CNNC_SYMBOL(winograd4_data), %function
CNNC_SYMBOL(winograd4_data):
    push    {r4-r11, lr}
    ldr     r4, [sp, #36]
    sub     sp, sp, #data_frame_bytes
    lsl     r5, r4, #4
    cnnc_store_two r0, r1, sp, pixel_pointer
    cnnc_store_two r2, r3, sp, row_stride
    cnnc_store_two r4, r5, sp, chunks_left
.Lwinograd4_chunk:
    str     r0, [sp, #column_pointer]
    mov     r2, sp
.Lwinograd4_column:
    ldr     r0, [sp, #column_pointer]
    cnnc_load_two r1, r9, sp, row_stride
    add     r9, r9, r0
    str     r9, [sp, #column_pointer]
    ldr     r3, [r0]
    ldr     r4, [r0, r1]
    ldr     r5, [r0, r1, lsl #1]
    add     r0, r0, r1, lsl #1
    ldr     r6, [r0, r1]
    ldr     r7, [r0, r1, lsl #1]
    add     r0, r0, r1
    ldr     r8, [r0, r1, lsl #1]
#if defined(__thumb__)
    eor     r3, r3, #0x80808080
    eor     r4, r4, #0x80808080
    eor     r5, r5, #0x80808080
    eor     r6, r6, #0x80808080
    eor     r7, r7, #0x80808080
    eor     r8, r8, #0x80808080
#else
    ldr     r9, =0x80808080
    eor     r3, r3, r9
    eor     r4, r4, r9
    eor     r5, r5, r9
    eor     r6, r6, r9
    eor     r7, r7, r9
    eor     r8, r8, r9
#endif
    CNNC_WINOGRAD4_COLUMN_PAIR 0, 0
    CNNC_WINOGRAD4_COLUMN_PAIR 240, 8
    adds    r2, r2, #4
    add     r3, sp, #40
    cmp     r2, r3
    bne     .Lwinograd4_column

    mov     r0, sp
    ldr     r1, [sp, #data_pointer]
    ldr     r2, [sp, #position_step]
    add     r12, sp, #240
.Lwinograd4_row:
    CNNC_WINOGRAD4_ROW 0, 0
    adds    r1, r1, #4
    CNNC_WINOGRAD4_ROW 16, 1
    adds    r1, r1, #4
    /* The other pair's same row is 240 bytes further on, its data 8. */
    adds    r0, r0, #200
    CNNC_WINOGRAD4_ROW 0, 0
    adds    r1, r1, #4
    CNNC_WINOGRAD4_ROW 16, 1
    subs    r0, r0, #240
    subs    r1, r1, #12
    add     r1, r1, r2, lsl #2
    add     r1, r1, r2, lsl #1
    cmp     r0, r12
    bne     .Lwinograd4_row

    cnnc_load_two r0, r1, sp, pixel_pointer
    adds    r0, r0, #4
    adds    r1, r1, #16
    cnnc_store_two r0, r1, sp, pixel_pointer
    ldr     r2, [sp, #chunks_left]
    subs    r2, r2, #1
    str     r2, [sp, #chunks_left]
    bne     .Lwinograd4_chunk
    add     sp, sp, #data_frame_bytes
    pop     {r4-r11, pc}
.ltorg
.size CNNC_SYMBOL(winograd4_data), . - CNNC_SYMBOL(winograd4_data)

/* From m1..m4 in r3-r6 and m0, m5 in r7, r8:
 * r9 = 2 m0 + 4 (m1 + m2) + m3 + m4, r10 = 2 (m1 - m2) + m3 - m4,
 * r11 = m1 + m2 + m3 + m4, r12 = m1 - m2 + 2 (m3 - m4) + 2 m5. */
.macro CNNC_WINOGRAD4_COMBINE
    add     r9, r3, r4
    sub     r3, r3, r4
    add     r10, r5, r6
    sub     r5, r5, r6
    add     r11, r9, r10
    add     r9, r10, r9, lsl #2
    add     r9, r9, r7, lsl #1
    add     r10, r5, r3, lsl #1
    add     r12, r3, r5, lsl #1
    add     r12, r12, r8, lsl #1
.endm

/* A column of six sums from r0 + \offset on. */
.macro CNNC_WINOGRAD4_SUMS offset, biased
    ldr     r3, [r0, #\offset + 192]
    ldr     r4, [r0, #\offset + 384]
    ldr     r5, [r0, #\offset + 576]
    ldr     r6, [r0, #\offset + 768]
    ldr     r7, [r0, #\offset]
    ldr     r8, [r0, #\offset + 960]
    .if \biased
    ldr     r9, [r1], #4
    add     r3, r3, r9
    .endif
    CNNC_WINOGRAD4_COMBINE
    stmia   lr!, {r9-r12}
.endm

/* 64 acc in \value -> int8, not stored; r0 is changed. Where \ties_away, ties of negative results go
 * down. */
.macro CNNC_WINOGRAD4_SCALE value, ties_away
    .if \ties_away
    asr     r0, \value, #31
    smmla   \value, \value, r4, r5
    add     \value, \value, r0, lsl #5
    .else
    smmla   \value, \value, r4, r5
    .endif
    asr     \value, \value, r6
    ssat    \value, #8, \value
.endm

/* Four rows of results. lr points at combined columns 1, 0, 2, 3, 4, 5 of four rows. */
.macro CNNC_WINOGRAD4_ROWS ties_away
.Lwinograd4_results_\ties_away:
    ldr     r3, [lr], #4
    ldr     r9, [lr, #28]
    ldr     r10, [lr, #44]
    ldr     r11, [lr, #60]
    add     r0, r3, r9
    sub     r3, r3, r9
    add     r9, r10, r11
    sub     r10, r10, r11
    ldr     r1, [lr, #12]
    ldr     r12, [lr, #76]
    add     r11, r0, r9
    add     r9, r9, r0, lsl #2
    add     r9, r9, r1, lsl #1
    add     r12, r10, r12
    add     r12, r3, r12, lsl #1
    add     r10, r10, r3, lsl #1
    ldmia   r8!, {r0, r1, r3}
    mul     r9, r9, r0
    mul     r10, r10, r1
    mul     r11, r11, r3
    mul     r12, r12, r3
    CNNC_WINOGRAD4_SCALE r9, \ties_away
    CNNC_WINOGRAD4_SCALE r10, \ties_away
    CNNC_WINOGRAD4_SCALE r11, \ties_away
    CNNC_WINOGRAD4_SCALE r12, \ties_away
    add     r1, r2, r7
    ldr     r3, [sp, #16]
    strb    r9, [r2]
    strb    r10, [r2, r7]
    strb    r11, [r2, r7, lsl #1]
    strb    r12, [r1, r7, lsl #1]
    add     r2, r2, r3
    tst     r8, #63
    bne     .Lwinograd4_results_\ties_away
.endm

/* void winograd4_outputs(const uint32_t *sums, const int32_t *channels, int8_t *output,
 *                        const struct cnnc_winograd_store *store);
 * Frame: [0] r0-r2, [12] distance of columns, [16] of rows, [20] end of output, [24] whether ties
 * go away from zero, [32] combined columns. */
.section .text.winograd4_outputs, "ax", %progbits
.balign 64
/* The results' rows and columns are 576, 288, 144 and 144 times acc / 24 each: what makes 64 acc of
 * them, modulo 2^32, is 1 / 9 times a power of two. The end of the table is a multiple of 64. */
.Lwinograd4_ninths:
    .zero   16
    .word   0x38e38e39, 0x71c71c72, 0xe38e38e4
    .word   0x71c71c72, 0xe38e38e4, 0xc71c71c8
    .word   0xe38e38e4, 0xc71c71c8, 0x8e38e390
    .word   0xe38e38e4, 0xc71c71c8, 0x8e38e390
.global CNNC_SYMBOL(winograd4_outputs)
.hidden CNNC_SYMBOL(winograd4_outputs)
.type CNNC_SYMBOL(winograd4_outputs), %function
CNNC_SYMBOL(winograd4_outputs):
    push    {r4-r11, lr}
    sub     sp, sp, #132
    ldmia   r3, {r4-r7}
    add     r6, r6, r2
    add     r8, sp, #12
    stmia   r8, {r4-r7}
.Lwinograd4_channel:
    add     lr, sp, #32
    CNNC_WINOGRAD4_SUMS 32, 1
    CNNC_WINOGRAD4_SUMS 0, 0
    CNNC_WINOGRAD4_SUMS 64, 0
    CNNC_WINOGRAD4_SUMS 96, 0
    CNNC_WINOGRAD4_SUMS 128, 0
    CNNC_WINOGRAD4_SUMS 160, 0
    ldmia   r1!, {r4-r6}
    stmia   sp, {r0-r2}
    add     lr, sp, #32
    ldr     r7, [sp, #12]
    ldr     r0, [sp, #24]
    adr     r8, .Lwinograd4_ninths + 16
    cmp     r0, #0
    beq     .Lwinograd4_results_0
    CNNC_WINOGRAD4_ROWS 1
    b       .Lwinograd4_stored
    CNNC_WINOGRAD4_ROWS 0
.Lwinograd4_stored:
    ldmia   sp, {r0-r2}
    ldr     r3, [sp, #20]
    adds    r0, r0, #4
    adds    r2, r2, #1
    cmp     r2, r3
    bne     .Lwinograd4_channel
    add     sp, sp, #132
    pop     {r4-r11, pc}
.size CNNC_SYMBOL(winograd4_outputs), . - CNNC_SYMBOL(winograd4_outputs)

#endif

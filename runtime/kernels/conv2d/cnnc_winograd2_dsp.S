/* SPDX-License-Identifier: MIT-0 */
/* Armv6, Armv7E-M: data and output transforms of Winograd F(2x2,3x3), two tiles side by side. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_SIMD32
#include "cnnc_arm_modes.h"

/* Four channels of a column of four pixels: B^T d, stored as [row][column][pair]. */
.macro CNNC_WINOGRAD2_COLUMN
    add     r6, r1, r1, lsl #1
    ldr     r3, [r0]
    ldr     r4, [r0, r1]
    ldr     r5, [r0, r1, lsl #1]
    ldr     r6, [r0, r6]
    add     r0, r0, lr
    sxtb16  r7, r3
    sxtb16  r8, r4
    sxtb16  r9, r5
    sxtb16  r10, r6
    ssub16  r7, r7, r9
    sadd16  r11, r8, r9
    ssub16  r9, r9, r8
    ssub16  r10, r8, r10
    sxtb16  r3, r3, ror #8
    sxtb16  r4, r4, ror #8
    sxtb16  r5, r5, ror #8
    sxtb16  r6, r6, ror #8
    ssub16  r3, r3, r5
    sadd16  r12, r4, r5
    ssub16  r5, r5, r4
    ssub16  r6, r4, r6
    cnnc_store_two r11, r12, r2, 48
    cnnc_store_two r9, r5, r2, 96
    cnnc_store_two r10, r6, r2, 144
#if defined(__thumb__)
    strd    r7, r3, [r2], #8
#else
    str     r3, [r2, #4]
    str     r7, [r2], #8
#endif
.endm

/* A row of six columns, both pairs: d B for the positions of the row and both tiles. */
.macro CNNC_WINOGRAD2_ROW offset
    add     r0, sp, #\offset
    ldmia   r0, {r0-r11}
    ssub16  r0, r0, r4
    ssub16  lr, r4, r8
    cnnc_store_two r0, lr, r12
    ssub16  r0, r1, r5
    ssub16  r1, r5, r9
    strd    r0, r1, [r12, #8]
    ldr     lr, [sp, #position_step]
    sadd16  r0, r2, r4
    sadd16  r1, r6, r8
    add     r12, r12, lr
    strd    r0, r1, [r12]
    sadd16  r0, r3, r5
    sadd16  r1, r7, r9
    strd    r0, r1, [r12, #8]
    ssub16  r0, r4, r2
    ssub16  r1, r8, r6
    add     r12, r12, lr
    strd    r0, r1, [r12]
    ssub16  r0, r5, r3
    ssub16  r1, r9, r7
    strd    r0, r1, [r12, #8]
    ssub16  r0, r2, r6
    ssub16  r1, r6, r10
    add     r12, r12, lr
    strd    r0, r1, [r12]
    ssub16  r0, r3, r7
    ssub16  r1, r7, r11
    strd    r0, r1, [r12, #8]
    add     r12, r12, lr
.endm

/* Frame, above the columns' [4 rows][6 columns][2 pairs] words: */
.set pixel_pointer, 192
.set data_pointer, 196
.set row_stride, 200
.set col_stride, 204
.set chunks_left, 208
.set position_step, 212
.set data_frame_bytes, 216

/* void winograd2_data(const int8_t *pixels, uint32_t *data, int32_t row_stride,
 *                     int32_t col_stride, int32_t chunks); */
.section .text.winograd2_data, "ax", %progbits
.balign 4
.global CNNC_SYMBOL(winograd2_data)
.hidden CNNC_SYMBOL(winograd2_data)
.type CNNC_SYMBOL(winograd2_data), %function
CNNC_SYMBOL(winograd2_data):
    push    {r4-r11, lr}
    ldr     r4, [sp, #36]
    sub     sp, sp, #data_frame_bytes
    lsl     r5, r4, #4
    strd    r0, r1, [sp, #pixel_pointer]
    strd    r2, r3, [sp, #row_stride]
    strd    r4, r5, [sp, #chunks_left]
.Lwinograd2_chunk:
    ldr     r0, [sp, #pixel_pointer]
    cnnc_load_two r1, lr, sp, row_stride
    mov     r2, sp
.Lwinograd2_columns:
    CNNC_WINOGRAD2_COLUMN
    CNNC_WINOGRAD2_COLUMN
    add     r3, sp, #48
    cmp     r2, r3
    bne     .Lwinograd2_columns
    ldr     r12, [sp, #data_pointer]
    CNNC_WINOGRAD2_ROW 0
    CNNC_WINOGRAD2_ROW 48
    CNNC_WINOGRAD2_ROW 96
    CNNC_WINOGRAD2_ROW 144
    ldrd    r0, r1, [sp, #pixel_pointer]
    adds    r0, r0, #4
    adds    r1, r1, #16
    strd    r0, r1, [sp, #pixel_pointer]
    ldr     r2, [sp, #chunks_left]
    subs    r2, r2, #1
    str     r2, [sp, #chunks_left]
    bne     .Lwinograd2_chunk
    add     sp, sp, #data_frame_bytes
    pop     {r4-r11, pc}
.size CNNC_SYMBOL(winograd2_data), . - CNNC_SYMBOL(winograd2_data)

/* One column of four sums: \upper = m0 + m1 + m2, \lower = m1 - m2 - m3; r0 points at sums that
 * are \offset bytes away from its first, \bias is added to m1. */
.macro CNNC_WINOGRAD2_SUMS upper, lower, offset, bias
    ldr     \upper, [r0, #\offset + 128]
    ldr     \lower, [r0, #\offset + 256]
    .ifnb \bias
    add     \upper, \upper, \bias
    .endif
    add     lr, \upper, \lower
    sub     \lower, \upper, \lower
    ldr     \upper, [r0, #\offset]
    add     \upper, \upper, lr
    ldr     lr, [r0, #\offset + 384]
    sub     \lower, \lower, lr
.endm

/* 4 acc in \value -> int8, not stored. Where \ties_away, ties of negative results go down. */
.macro CNNC_WINOGRAD2_SCALE value, ties_away
    .if \ties_away
    asr     lr, \value, #31
    smmla   \value, \value, r4, r5
    add     \value, \value, lr, lsl #1
    .else
    smmla   \value, \value, r4, r5
    .endif
    asr     \value, \value, r6
    ssat    \value, #8, \value
.endm

/* All channels of a tile. r0 sums, r1 constants of the channels, r2 output; [sp] distance of
 * columns, [sp, #4] of rows, [sp, #8] end of output. */
.macro CNNC_WINOGRAD2_CHANNELS ties_away
.Lwinograd2_channel_\ties_away:
    ldmia   r1!, {r3-r6}
    CNNC_WINOGRAD2_SUMS r7, r8, 32, r3
    CNNC_WINOGRAD2_SUMS r9, r10, 64
    add     lr, r7, r9
    sub     r7, r7, r9
    add     r9, r8, r10
    sub     r8, r8, r10
    mov     r10, lr
    CNNC_WINOGRAD2_SUMS r11, r12, 0
    add     r10, r10, r11
    add     r9, r9, r12
    CNNC_WINOGRAD2_SUMS r11, r12, 96
    sub     r7, r7, r11
    sub     r8, r8, r12
    adds    r0, r0, #4
    CNNC_WINOGRAD2_SCALE r10, \ties_away
    CNNC_WINOGRAD2_SCALE r7, \ties_away
    CNNC_WINOGRAD2_SCALE r9, \ties_away
    CNNC_WINOGRAD2_SCALE r8, \ties_away
    cnnc_load_two r11, r12, sp
    add     r12, r12, r2
    ldr     r3, [sp, #8]
    strb    r9, [r12]
    strb    r8, [r12, r11]
    strb    r7, [r2, r11]
    strb    r10, [r2], #1
    cmp     r2, r3
    bne     .Lwinograd2_channel_\ties_away
.endm

/* void winograd2_outputs(const uint32_t *sums, const int32_t *channels, int8_t *output,
 *                        const struct cnnc_winograd_store *store); */
.section .text.winograd2_outputs, "ax", %progbits
.balign 4
.global CNNC_SYMBOL(winograd2_outputs)
.hidden CNNC_SYMBOL(winograd2_outputs)
.type CNNC_SYMBOL(winograd2_outputs), %function
CNNC_SYMBOL(winograd2_outputs):
    push    {r4-r11, lr}
    sub     sp, sp, #12
    ldmia   r3, {r4-r7}
    add     r6, r6, r2
    stmia   sp, {r4-r6}
    cmp     r7, #0
    beq     .Lwinograd2_channel_0
    CNNC_WINOGRAD2_CHANNELS 1
    b       .Lwinograd2_done
    CNNC_WINOGRAD2_CHANNELS 0
.Lwinograd2_done:
    add     sp, sp, #12
    pop     {r4-r11, pc}
.size CNNC_SYMBOL(winograd2_outputs), . - CNNC_SYMBOL(winograd2_outputs)

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Rows times int8 weights on Armv7-A with NEON; cnnc_rows_neon32.h has the same in C. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_NEON32

    .syntax unified
    .arm
    .fpu neon

/* Fields of struct cnnc_rows_neon32. */
#define JOB_ROWS 0
#define JOB_ROW_BYTES 4
#define JOB_ROW_COUNT 8
#define JOB_WEIGHTS 12
#define JOB_CHANNELS 16
#define JOB_OUTPUT 20
#define JOB_OUTPUT_CHANNELS 24
#define JOB_DEPTH 28
#define JOB_CHUNKS 32
#define JOB_TAIL 36
#define JOB_ZERO_POINT 40
#define JOB_MINIMUM 44
#define JOB_MAXIMUM 48
#define JOB_SCALE 52
#define JOB_PAIRS_OVERFLOW 56

/* Two rows, or one: then X_1, X_STEP, Y_1 and Y_STEP have other uses or none. */
#define X_0 r0
#define X_1 r1
#define X_STEP r2
#define WEIGHTS r3
#define SCALES r4
#define FLAGS r5
#define Y_0 r6
#define Y_1 r7
#define Y_STEP r8
#define ROWS_LEFT r9
#define BLOCK r10
#define SUMS r11
#define JOB r12

#define ROW r1
#define Y_LAST r7
#define WORDS r8

/* On the stack: zero point 8 x 16 bits, minimum and maximum 8 x 8 bits; the sums that a tile begins
 * with; where code continues; numbers. */
#define STACK_FORMAT 0
#define STACK_SUMS 32
#define STACK_TAIL 96
#define STACK_SCALE 100
#define STACK_CAREFUL 104
#define STACK_AFTER_WORDS 108
#define STACK_NEXT_WORD 112
#define STACK_WORDS_END 116
#define STACK_OUTPUT 120
#define STACK_OUTPUT_LAST 124
#define STACK_FRAME 132

#define FIRST_WORD 32
#define BLOCK_CHANNELS 4
#define FLAGS_PER_WORD 31

/* Products of eight bytes with one channel's weights: the first in 16 bits, or added to others. */
.macro neon32_products rows, starts, x_0, x_1, weights
    .if \starts
    vmull.s8 q6, \x_0, \weights
    .if \rows == 2
    vmull.s8 q7, \x_1, \weights
    .endif
    .else
    vmlal.s8 q6, \x_0, \weights
    .if \rows == 2
    vmlal.s8 q7, \x_1, \weights
    .endif
    .endif
.endm

.macro neon32_add_up rows, sum_0, sum_1
    vpadal.s16 \sum_0, q6
    .if \rows == 2
    vpadal.s16 \sum_1, q7
    .endif
.endm

/* 32 products of one channel, chains of 4, 2 or 1 of them in 16 bits. */
.macro neon32_channel rows, chain, sum_0, sum_1
    vld1.8 {d8-d11}, [WEIGHTS]!
    neon32_products \rows, 1, d0, d4, d8
    .if \chain == 1
    neon32_add_up \rows, \sum_0, \sum_1
    neon32_products \rows, 1, d1, d5, d9
    .else
    neon32_products \rows, 0, d1, d5, d9
    .endif
    .if \chain < 4
    neon32_add_up \rows, \sum_0, \sum_1
    neon32_products \rows, 1, d2, d6, d10
    .else
    neon32_products \rows, 0, d2, d6, d10
    .endif
    .if \chain == 1
    neon32_add_up \rows, \sum_0, \sum_1
    neon32_products \rows, 1, d3, d7, d11
    .else
    neon32_products \rows, 0, d3, d7, d11
    .endif
    neon32_add_up \rows, \sum_0, \sum_1
.endm

.macro neon32_chunk rows, chain
    vld1.8 {d0-d3}, [X_0]!
    .if \rows == 2
    vld1.8 {d4-d7}, [X_1]!
    .endif
    neon32_channel \rows, \chain, q8, q12
    neon32_channel \rows, \chain, q9, q13
    neon32_channel \rows, \chain, q10, q14
    neon32_channel \rows, \chain, q11, q15
.endm

/* 16 products of one channel. */
.macro neon32_half rows, weights_0, weights_1, sum_0, sum_1
    neon32_products \rows, 1, d0, d4, \weights_0
    neon32_products \rows, 0, d1, d5, \weights_1
    neon32_add_up \rows, \sum_0, \sum_1
.endm

/* 8 products of one channel. */
.macro neon32_quarter rows, weights, sum_0, sum_1
    neon32_products \rows, 1, d0, d4, \weights
    neon32_add_up \rows, \sum_0, \sum_1
.endm

/* Sums of products of four channels, from the flags of the block's chunks on: carry says that a
 * chunk's chains of four fit 16 bits, zero that the word's last one has been taken. Continues at
 * neon32_sums_ROWS. */
.macro neon32_sum rows
    lsls FLAGS, FLAGS, #1
    bls neon32_other_\rows
neon32_next_\rows:
    neon32_chunk \rows, 4
    lsls FLAGS, FLAGS, #1
    bhi neon32_next_\rows
neon32_other_\rows:
    ldreq pc, [sp, #STACK_TAIL]
    ldr pc, [sp, #STACK_CAREFUL]

neon32_twos_\rows:
    neon32_chunk \rows, 2
    lsls FLAGS, FLAGS, #1
    bhi neon32_next_\rows
    b neon32_other_\rows

neon32_ones_\rows:
    neon32_chunk \rows, 1
    lsls FLAGS, FLAGS, #1
    bhi neon32_next_\rows
    b neon32_other_\rows

    /* The next word of flags, if there is one. */
neon32_words_\rows:
    ldr lr, [sp, #STACK_NEXT_WORD]
    ldr FLAGS, [sp, #STACK_WORDS_END]
    cmp lr, FLAGS
    moveq lr, #(FIRST_WORD + 4)
    streq lr, [sp, #STACK_NEXT_WORD]
    ldreq pc, [sp, #STACK_AFTER_WORDS]
    ldr FLAGS, [SCALES, lr]
    add lr, lr, #4
    str lr, [sp, #STACK_NEXT_WORD]
    lsls FLAGS, FLAGS, #1
    bhi neon32_next_\rows
    b neon32_other_\rows

neon32_tail_16_\rows:
    vld1.8 {d0-d1}, [X_0]!
    .if \rows == 2
    vld1.8 {d4-d5}, [X_1]!
    .endif
    vld1.8 {d8-d11}, [WEIGHTS]!
    neon32_half \rows, d8, d9, q8, q12
    neon32_half \rows, d10, d11, q9, q13
    vld1.8 {d8-d11}, [WEIGHTS]!
    neon32_half \rows, d8, d9, q10, q14
    neon32_half \rows, d10, d11, q11, q15
    b neon32_sums_\rows

neon32_tail_8_\rows:
    vld1.8 {d0}, [X_0]!
    .if \rows == 2
    vld1.8 {d4}, [X_1]!
    .endif
    vld1.8 {d8-d11}, [WEIGHTS]!
    neon32_quarter \rows, d8, q8, q12
    neon32_quarter \rows, d9, q9, q13
    neon32_quarter \rows, d10, q10, q14
    neon32_quarter \rows, d11, q11, q15
.endm

/* Four sums of one row. */
.macro neon32_reduce low, high, spare_0, spare_1, a_0, a_1, b_0, b_1, c_0, c_1, d_0, d_1
    vpadd.i32 \low, \a_0, \a_1
    vpadd.i32 \high, \b_0, \b_1
    vpadd.i32 \spare_0, \c_0, \c_1
    vpadd.i32 \spare_1, \d_0, \d_1
    vpadd.i32 \low, \low, \high
    vpadd.i32 \high, \spare_0, \spare_1
.endm

#ifdef CNNC_SINGLE_ROUNDING

.macro neon32_scale_once low, high
    vmull.s32 q8, \low, d18
    vmull.s32 q13, \high, d19
    vrshl.s64 q8, q8, q14
    vrshl.s64 q13, q13, q15
    vmovn.i64 \low, q8
    vmovn.i64 \high, q13
.endm

/* The sums in q0 and q1 times q9, shifted by q10 - 31; q11 and q12 stay as they are. */
.macro neon32_scale rows
neon32_scale_\rows:
    vmov.i32 q8, #31
    vsub.i32 q10, q10, q8
    vmovl.s32 q14, d20
    vmovl.s32 q15, d21
    neon32_scale_once d0, d1
    .if \rows == 2
    neon32_scale_once d2, d3
    .endif
.endm

#else

/* The sums in q0 and q1 times q9, shifted by q10; q11 and q12 stay as they are. VRSHL rounds ties
 * up, the rule away from zero: one less where a negative number is shifted and that is seen. */
.macro neon32_scale rows
neon32_scale_any_\rows:
    vmov.i32 q14, #0
    vmax.s32 q15, q10, q14
    vmin.s32 q10, q10, q14
    vshl.s32 q0, q0, q15
    vqrdmulh.s32 q0, q0, q9
    vand q8, q0, q10
    vsra.s32 q0, q8, #31
    .if \rows == 2
    vshl.s32 q1, q1, q15
    vqrdmulh.s32 q1, q1, q9
    vand q13, q1, q10
    vsra.s32 q1, q13, #31
    .endif
    b neon32_shift_\rows

neon32_scale_right_\rows:
    vqrdmulh.s32 q0, q0, q9
    vsra.s32 q0, q0, #31
    .if \rows == 2
    vqrdmulh.s32 q1, q1, q9
    vsra.s32 q1, q1, #31
    .endif
    b neon32_shift_\rows

neon32_scale_clamped_\rows:
    vqrdmulh.s32 q0, q0, q9
    .if \rows == 2
    vqrdmulh.s32 q1, q1, q9
    .endif
neon32_shift_\rows:
    vrshl.s32 q0, q0, q10
    .if \rows == 2
    vrshl.s32 q1, q1, q10
    .endif
.endm

#endif

    .section .text.cnnc_rows_neon32, "ax", %progbits
    .balign 4

/* Where code continues, by number of rows: behind the chunks for no tail, 8 and 16 bytes, and more
 * words of flags; careful chunks for weights whose pairs fit 16 bits, and others; scaling. */
#define TABLE_ENTRY 36
#define TABLE_WORDS 12
#define TABLE_CAREFUL 16
#define TABLE_SCALE 24

.macro neon32_entries rows
    .word neon32_sums_\rows - neon32_table
    .word neon32_tail_8_\rows - neon32_table
    .word neon32_tail_16_\rows - neon32_table
    .word neon32_words_\rows - neon32_table
    .word neon32_twos_\rows - neon32_table
    .word neon32_ones_\rows - neon32_table
#ifdef CNNC_SINGLE_ROUNDING
    .word neon32_scale_\rows - neon32_table
    .word neon32_scale_\rows - neon32_table
    .word neon32_scale_\rows - neon32_table
#else
    .word neon32_scale_clamped_\rows - neon32_table
    .word neon32_scale_right_\rows - neon32_table
    .word neon32_scale_any_\rows - neon32_table
#endif
.endm

neon32_table:
    neon32_entries 1
    neon32_entries 2

    .global CNNC_SYMBOL(multiply_rows_neon32)
    .type CNNC_SYMBOL(multiply_rows_neon32), %function
CNNC_SYMBOL(multiply_rows_neon32):
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #STACK_FRAME
    mov JOB, r0
    ldr r1, [JOB, #JOB_ZERO_POINT]
    ldr r2, [JOB, #JOB_MINIMUM]
    ldr r3, [JOB, #JOB_MAXIMUM]
    vdup.16 q0, r1
    vdup.8 d2, r2
    vdup.8 d3, r3
    vstm sp, {d0-d3}

    ldr r9, [JOB, #JOB_ROW_COUNT]
    adr r4, neon32_table
    mov r5, r4
    cmp r9, #1
    addne r5, r5, #TABLE_ENTRY
    ldr r6, [JOB, #JOB_SCALE]
    add r6, r5, r6, lsl #2
    ldr r6, [r6, #TABLE_SCALE]
    add r6, r6, r4
    str r6, [sp, #STACK_SCALE]
    ldr r6, [JOB, #JOB_PAIRS_OVERFLOW]
    add r6, r5, r6, lsl #2
    ldr r6, [r6, #TABLE_CAREFUL]
    add r6, r6, r4
    str r6, [sp, #STACK_CAREFUL]
    ldr r7, [JOB, #JOB_TAIL]
    ldr r6, [r5, r7, lsr #1]
    add r6, r6, r4
    ldr r7, [JOB, #JOB_CHUNKS]
    mov r8, #(FIRST_WORD + 4)
    subs r7, r7, #FLAGS_PER_WORD
    ble 1f
    /* More than one word of flags. */
    str r6, [sp, #STACK_AFTER_WORDS]
    str r8, [sp, #STACK_NEXT_WORD]
    ldr r6, [r5, #TABLE_WORDS]
    add r6, r6, r4
0:
    add r8, r8, #4
    subs r7, r7, #FLAGS_PER_WORD
    bgt 0b
1:
    str r6, [sp, #STACK_TAIL]
    str r8, [sp, #STACK_WORDS_END]

    ldr BLOCK, [JOB, #JOB_WEIGHTS]
    ldr SCALES, [JOB, #JOB_CHANNELS]
    ldr r7, [JOB, #JOB_OUTPUT]
    ldr lr, [JOB, #JOB_OUTPUT_CHANNELS]
    add r6, r7, lr
    sub r6, r6, #BLOCK_CHANNELS
    cmp r9, #1
    beq neon32_one_row

    /* Two rows at a time; r8 is the bytes of a block's constants, r7 its first result. */
    str r6, [sp, #STACK_OUTPUT_LAST]
    ldr r2, [JOB, #JOB_ROW_BYTES]
    ldr r3, [JOB, #JOB_DEPTH]
    rsb X_STEP, r3, r2, lsl #1
    add SUMS, sp, #STACK_SUMS
    mov Y_STEP, lr, lsl #1
neon32_block:
    vmov.i32 q8, #0
    vmov.i32 q9, #0
    vmov.i32 q10, #0
    vmov.i32 q11, #0
    vld1.32 {d16[0]}, [SCALES]!
    vld1.32 {d18[0]}, [SCALES]!
    vld1.32 {d20[0]}, [SCALES]!
    vld1.32 {d22[0]}, [SCALES]!
    vstm SUMS, {d16-d23}
    str r7, [sp, #STACK_OUTPUT]
    mov Y_0, r7
    add Y_1, Y_0, Y_STEP, lsr #1
    ldr X_0, [JOB, #JOB_ROWS]
    ldr X_1, [JOB, #JOB_ROW_BYTES]
    add X_1, X_0, X_1
    ldr ROWS_LEFT, [JOB, #JOB_ROW_COUNT]
    sub ROWS_LEFT, ROWS_LEFT, #2
neon32_tile:
    mov WEIGHTS, BLOCK
    ldr FLAGS, [SCALES, #FIRST_WORD]
    vldm SUMS, {d16-d23}
    vldm SUMS, {d24-d31}
    neon32_sum 2
neon32_sums_2:
    neon32_reduce d0, d1, d2, d3, d16, d17, d18, d19, d20, d21, d22, d23
    neon32_reduce d2, d3, d4, d5, d24, d25, d26, d27, d28, d29, d30, d31
    vld1.32 {d18-d21}, [SCALES]
    vldm sp, {d22-d25}
    ldr pc, [sp, #STACK_SCALE]
    neon32_scale 2
    vqmovn.s32 d0, q0
    vqmovn.s32 d1, q1
    vqadd.s16 q0, q0, q11
    vqmovn.s16 d0, q0
    vmax.s8 d0, d0, d24
    vmin.s8 d0, d0, d25
    vst1.32 {d0[0]}, [Y_0], Y_STEP
    vst1.32 {d0[1]}, [Y_1], Y_STEP
    add X_0, X_0, X_STEP
    add X_1, X_1, X_STEP
    subs ROWS_LEFT, ROWS_LEFT, #2
    bpl neon32_tile
    adds ROWS_LEFT, ROWS_LEFT, #1
    bne 2f
    /* One row is left: again with the one before. */
    ldr lr, [JOB, #JOB_ROW_BYTES]
    sub X_0, X_0, lr
    sub X_1, X_1, lr
    sub Y_0, Y_0, Y_STEP, lsr #1
    sub Y_1, Y_1, Y_STEP, lsr #1
    b neon32_tile
2:
    ldr r5, [sp, #STACK_WORDS_END]
    ldr r7, [sp, #STACK_OUTPUT]
    ldr r6, [sp, #STACK_OUTPUT_LAST]
    mov BLOCK, WEIGHTS
    cmp r7, r6
    add r7, r7, #BLOCK_CHANNELS
    add SCALES, SCALES, r5
    beq neon32_end
    cmp r7, r6
    movhi r7, r6
    b neon32_block

neon32_one_row:
    ldr ROW, [JOB, #JOB_ROWS]
    mov Y_0, r7
    sub Y_LAST, Y_0, #BLOCK_CHANNELS
    add Y_LAST, Y_LAST, lr
    mov WEIGHTS, BLOCK
neon32_one_row_block:
    ldr FLAGS, [SCALES, #(16 + FIRST_WORD)]
    mov X_0, ROW
    add SCALES, SCALES, #16
    vmov.i32 q8, #0
    vmov.i32 q9, #0
    vmov.i32 q10, #0
    vmov.i32 q11, #0
    neon32_sum 1
neon32_sums_1:
    neon32_reduce d0, d1, d2, d3, d16, d17, d18, d19, d20, d21, d22, d23
    sub lr, SCALES, #16
    vldm lr, {d16-d21}
    vldm sp, {d22-d25}
    vadd.i32 q0, q0, q8
    ldr pc, [sp, #STACK_SCALE]
    neon32_scale 1
    vqmovn.s32 d0, q0
    vqadd.s16 d0, d0, d22
    vqmovn.s16 d0, q0
    vmax.s8 d0, d0, d24
    vmin.s8 d0, d0, d25
    vst1.32 {d0[0]}, [Y_0]!
    add SCALES, SCALES, WORDS
    cmp Y_0, Y_LAST
    bls neon32_one_row_block
    sub lr, Y_0, #BLOCK_CHANNELS
    cmp lr, Y_LAST
    movne Y_0, Y_LAST
    bne neon32_one_row_block

neon32_end:
    add sp, sp, #STACK_FRAME
    vpop {d8-d15}
    pop {r4-r11, pc}
    .size CNNC_SYMBOL(multiply_rows_neon32), . - CNNC_SYMBOL(multiply_rows_neon32)

#endif

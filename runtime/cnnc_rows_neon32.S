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
#define JOB_ZERO_POINT 40
#define JOB_MINIMUM 44
#define JOB_MAXIMUM 48
#define JOB_SCALE 52

/* Two rows, or one: then some have other uses or none. */
#define X_0 r0
#define X_1 r1
#define X_STEP r2
#define WEIGHTS r3
#define SCALES r4
#define STEP r5
#define Y_0 r6
#define Y_1 r7
#define Y_STEP r8
#define ROWS_LEFT r9
#define BLOCK r10
#define SUMS r11
#define CODE r12
#define STEPS lr

#define ROW r1
#define Y_LAST r7
#define CONSTANT_BYTES r8

/* On the stack: zero point 8 x 16 bits, minimum and maximum 8 x 8 bits; the sums that a tile begins
 * with; numbers. */
#define STACK_FORMAT 0
#define STACK_SUMS 32
#define STACK_SCALE 96
#define STACK_JOB 100
#define STACK_CONSTANT_BYTES 104
#define STACK_OUTPUT 108
#define STACK_OUTPUT_LAST 112
#define STACK_FRAME 116

/* Bytes of constants before the bytes of steps: biases, multipliers and shifts. */
#define BIAS_BYTES 16
#define STEPS_PLACE 32
#define BLOCK_CHANNELS 4

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

.macro neon32_load_chunk rows
    vld1.8 {d0-d3}, [X_0]!
    .if \rows == 2
    vld1.8 {d4-d7}, [X_1]!
    .endif
.endm

/* The next step: its code is where its number says, see cnnc_rows_neon32.h. */
.macro neon32_next rows
    ldrb STEP, [STEPS], #1
    .if \rows == 2
    add pc, CODE, STEP, lsl #8
    .else
    add pc, CODE, STEP, lsl #7
    .endif
.endm

.macro neon32_place rows
    .if \rows == 2
    .p2align 8
    .else
    .p2align 7
    .endif
.endm

/* Steps 0 to 15: chains of two for the channels whose bits are set. */
.macro neon32_chunk rows, chain_0, chain_1, chain_2, chain_3
    neon32_place \rows
    neon32_load_chunk \rows
    neon32_channel \rows, \chain_0, q8, q12
    neon32_channel \rows, \chain_1, q9, q13
    neon32_channel \rows, \chain_2, q10, q14
    neon32_channel \rows, \chain_3, q11, q15
    neon32_next \rows
.endm

.macro neon32_chunks rows, chain_2, chain_3
    neon32_chunk \rows, 4, 4, \chain_2, \chain_3
    neon32_chunk \rows, 2, 4, \chain_2, \chain_3
    neon32_chunk \rows, 4, 2, \chain_2, \chain_3
    neon32_chunk \rows, 2, 2, \chain_2, \chain_3
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

/* All steps but the last. */
.macro neon32_steps rows
    neon32_chunks \rows, 4, 4
    neon32_chunks \rows, 2, 4
    neon32_chunks \rows, 4, 2
    neon32_chunks \rows, 2, 2

    neon32_place \rows
    vld1.8 {d0}, [X_0]!
    .if \rows == 2
    vld1.8 {d4}, [X_1]!
    .endif
    vld1.8 {d8-d11}, [WEIGHTS]!
    neon32_quarter \rows, d8, q8, q12
    neon32_quarter \rows, d9, q9, q13
    neon32_quarter \rows, d10, q10, q14
    neon32_quarter \rows, d11, q11, q15
    b neon32_sums_\rows

    neon32_place \rows
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

    /* Takes two places. */
    neon32_chunk \rows, 1, 1, 1, 1
    neon32_place \rows
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
    .p2align 8

neon32_one_row:
    neon32_steps 1
neon32_sums_1:
    neon32_reduce d0, d1, d2, d3, d16, d17, d18, d19, d20, d21, d22, d23
    sub lr, SCALES, #BIAS_BYTES
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
    add SCALES, SCALES, CONSTANT_BYTES
    cmp Y_0, Y_LAST
    bls neon32_block_1
    sub lr, Y_0, #BLOCK_CHANNELS
    cmp lr, Y_LAST
    beq neon32_end
    mov Y_0, Y_LAST
neon32_block_1:
    mov X_0, ROW
    add SCALES, SCALES, #BIAS_BYTES
    add STEPS, SCALES, #STEPS_PLACE
    vmov.i32 q8, #0
    vmov.i32 q9, #0
    vmov.i32 q10, #0
    vmov.i32 q11, #0
    neon32_next 1

    .p2align 8
neon32_two_rows:
    neon32_steps 2
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
    bmi 2f
neon32_tile_2:
    mov WEIGHTS, BLOCK
    add STEPS, SCALES, #STEPS_PLACE
    vldm SUMS, {d16-d23}
    vldm SUMS, {d24-d31}
    neon32_next 2
2:
    adds ROWS_LEFT, ROWS_LEFT, #1
    bne 3f
    /* One row is left: again with the one before. */
    ldr lr, [sp, #STACK_JOB]
    ldr lr, [lr, #JOB_ROW_BYTES]
    sub X_0, X_0, lr
    sub X_1, X_1, lr
    sub Y_0, Y_0, Y_STEP, lsr #1
    sub Y_1, Y_1, Y_STEP, lsr #1
    b neon32_tile_2
3:
    ldr r5, [sp, #STACK_CONSTANT_BYTES]
    ldr r7, [sp, #STACK_OUTPUT]
    ldr r6, [sp, #STACK_OUTPUT_LAST]
    mov BLOCK, WEIGHTS
    cmp r7, r6
    beq neon32_end
    add SCALES, SCALES, r5
    add r7, r7, #BLOCK_CHANNELS
    cmp r7, r6
    movhi r7, r6
    /* r7 is the block's first result. */
neon32_block_2:
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
    ldr lr, [sp, #STACK_JOB]
    ldr X_0, [lr, #JOB_ROWS]
    ldr X_1, [lr, #JOB_ROW_BYTES]
    add X_1, X_0, X_1
    ldr ROWS_LEFT, [lr, #JOB_ROW_COUNT]
    sub ROWS_LEFT, ROWS_LEFT, #2
    b neon32_tile_2

/* By number of rows: steps, scaling. */
#define TABLE_ENTRY 16
#define TABLE_SCALE 4

.macro neon32_entries rows, steps
    .word \steps - neon32_table
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
    neon32_entries 1, neon32_one_row
    neon32_entries 2, neon32_two_rows

    .global CNNC_SYMBOL(multiply_rows_neon32)
    .hidden CNNC_SYMBOL(multiply_rows_neon32)
    .type CNNC_SYMBOL(multiply_rows_neon32), %function
CNNC_SYMBOL(multiply_rows_neon32):
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #STACK_FRAME
    str r0, [sp, #STACK_JOB]
    mov lr, r0
    ldr r1, [lr, #JOB_ZERO_POINT]
    ldr r2, [lr, #JOB_MINIMUM]
    ldr r3, [lr, #JOB_MAXIMUM]
    vdup.16 q0, r1
    vdup.8 d2, r2
    vdup.8 d3, r3
    vstm sp, {d0-d3}

    ldr r9, [lr, #JOB_ROW_COUNT]
    adr r4, neon32_table
    mov r5, r4
    cmp r9, #1
    addne r5, r5, #TABLE_ENTRY
    ldr CODE, [r5]
    add CODE, CODE, r4
    ldr r6, [lr, #JOB_SCALE]
    add r6, r5, r6, lsl #2
    ldr r6, [r6, #TABLE_SCALE]
    add r6, r6, r4
    str r6, [sp, #STACK_SCALE]

    /* The bytes of steps, one for each chunk and the last, end at a word. */
    ldr r8, [lr, #JOB_CHUNKS]
    add r8, r8, #(STEPS_PLACE + 4)
    bic r8, r8, #3
    ldr BLOCK, [lr, #JOB_WEIGHTS]
    ldr SCALES, [lr, #JOB_CHANNELS]
    ldr r7, [lr, #JOB_OUTPUT]
    ldr r5, [lr, #JOB_OUTPUT_CHANNELS]
    add r6, r7, r5
    sub r6, r6, #BLOCK_CHANNELS
    bne 1f

    ldr ROW, [lr, #JOB_ROWS]
    mov WEIGHTS, BLOCK
    mov Y_LAST, r6
    ldr Y_0, [lr, #JOB_OUTPUT]
    b neon32_block_1
1:
    str r6, [sp, #STACK_OUTPUT_LAST]
    str r8, [sp, #STACK_CONSTANT_BYTES]
    ldr r2, [lr, #JOB_ROW_BYTES]
    ldr r3, [lr, #JOB_DEPTH]
    rsb X_STEP, r3, r2, lsl #1
    add SUMS, sp, #STACK_SUMS
    mov Y_STEP, r5, lsl #1
    b neon32_block_2

neon32_end:
    add sp, sp, #STACK_FRAME
    vpop {d8-d15}
    pop {r4-r11, pc}
    .size CNNC_SYMBOL(multiply_rows_neon32), . - CNNC_SYMBOL(multiply_rows_neon32)

#endif

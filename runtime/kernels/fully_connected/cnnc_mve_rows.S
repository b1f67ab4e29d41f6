/* SPDX-License-Identifier: MIT-0 */
/* Products of one vector with the weights of eight or four output channels: see cnnc_mve_rows.h. */
#if defined(CNNC_PREFIX) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)

#include "cnnc_common.h"

    .syntax unified
    .thumb

/* Fields of struct cnnc_mve_rows. */
#define ROWS_VALUES 0
#define ROWS_CHANNELS 8
#define ROWS_BLOCKS 16
#define ROWS_FIRST_DEPTH 24
#define ROWS_LAST_COUNT 32

/* Locals. */
#define LOCAL_VALUES 0
#define LOCAL_LATER_STEPS 4
#define LOCAL_ZERO_POINT 8
#define LOCAL_BLOCKS 12
#define LOCAL_LAST_COUNT 16
#define LOCAL_BYTES 20

/* The first scaling rounds, unless the second is the only one that does. */
#ifdef CNNC_SINGLE_ROUNDING
#define ROWS_SCALE vqdmulh.s32
#else
#define ROWS_SCALE vqrdmulh.s32
#endif

/* The eight sums += 16 values times the weights of eight channels. */
.macro ROWS_STEP
    vldrb.u8 q0, [r1], #16
    .irp sum, r0, r8, r2, r10, r4, r12, r6, lr
    vldrb.u8 q1, [r3], #16
    vmladava.s8 \sum, q0, q1
    .endr
.endm

/* r1 values, r3 weights, r5 channels, r7 output, r9 steps, r11 depth of the first step; sums of
 * channels 0 to 7 in r0, r8, r2, r10, r4, r12, r6, lr. */
.macro ROWS_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    sub sp, sp, #LOCAL_BYTES
    ldrd r1, r3, [r0, #ROWS_VALUES]
    ldrd r5, r7, [r0, #ROWS_CHANNELS]
    ldrd r2, r4, [r0, #ROWS_BLOCKS]
    ldrd r11, r6, [r0, #ROWS_FIRST_DEPTH]
    ldr r8, [r0, #ROWS_LAST_COUNT]
    strd r1, r4, [sp, #LOCAL_VALUES]
    strd r6, r2, [sp, #LOCAL_ZERO_POINT]
    str r8, [sp, #LOCAL_LAST_COUNT]
.L\name\()_block:
    ldm r5!, {r0, r2, r4, r6, r8, r10, r12, lr}
    cmp r11, #0
    beq .L\name\()_later
    vctp.8 r11
    vpst
    vldrbt.u8 q0, [r1]
    add r1, r1, r11
    .irp sum, r0, r8, r2, r10, r4, r12, r6, lr
    vldrb.u8 q1, [r3]
    vmladava.s8 \sum, q0, q1
    add r3, r3, r11
    .endr
.L\name\()_later:
    ldr r9, [sp, #LOCAL_LATER_STEPS]
    tst r9, #1
    beq .L\name\()_even
    sub r9, r9, #1
    ROWS_STEP
.L\name\()_even:
    cmp r9, #0
    beq .L\name\()_scale
.L\name\()_steps:
    ROWS_STEP
    ROWS_STEP
    subs r9, r9, #2
    bne .L\name\()_steps
.L\name\()_scale:
    vmov q0[2], q0[0], r0, r4
    vmov q0[3], q0[1], r2, r6
    vmov q1[2], q1[0], r8, r12
    vmov q1[3], q1[1], r10, lr
    vldrw.u32 q2, [r5], #16
    vldrw.u32 q3, [r5], #16
    ROWS_SCALE q0, q0, q2
    ROWS_SCALE q1, q1, q3
    vldrw.u32 q2, [r5], #16
    vldrw.u32 q3, [r5], #16
    vqrdmulh.s32 q0, q0, q2
    vqrdmulh.s32 q1, q1, q3
    ldrd r0, r2, [sp, #LOCAL_ZERO_POINT]
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqadd.s16 q0, q0, r0
    vqmovnb.s16 q0, q0
    ldr r1, [sp, #LOCAL_VALUES]
    subs r2, r2, #1
    beq .L\name\()_last
    str r2, [sp, #LOCAL_BLOCKS]
    vstrb.16 q0, [r7], #8
    b .L\name\()_block
.L\name\()_last:
    ldr r2, [sp, #LOCAL_LAST_COUNT]
    vctp.16 r2
    vpst
    vstrbt.16 q0, [r7]
    add sp, sp, #LOCAL_BYTES
    pop {r4-r11, pc}
    .size \name, . - \name
.endm

ROWS_FUNCTION CNNC_SYMBOL(mve_rows)
#endif

/* SPDX-License-Identifier: MIT-0 */
/* Convolution three columns wide, four pixels of a row at a time: see cnnc_mve_slide.h.
 * r1 values, r3 weights, r5 channels, r7 output, r9 segments, r11 bytes from a segment's start to
 * the pixels; r0, r2, r4, r6 are the sums of pixels 0 to 3 in the pair's first channel, r8, r10,
 * r12, lr those in its second. */
#if defined(CNNC_PREFIX) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)

#include "cnnc_common.h"

    .syntax unified
    .thumb

/* Fields of struct cnnc_mve_slide. */
#define SLIDE_SEGMENTS 0
#define SLIDE_CHANNELS 8
#define SLIDE_PAIRS 16
#define SLIDE_ZERO_POINT 24
#define SLIDE_PANEL_STEP 28
#define SLIDE_OUTPUT_STEP 32
#define SLIDE_OFFSETS 36

/* Locals. */
#define LOCAL_ZERO_POINT 0
#define LOCAL_END 4
#define LOCAL_SEGMENTS 8
#define LOCAL_WEIGHTS 12
#define LOCAL_CHANNELS 16
#define LOCAL_OUTPUT 20
#define LOCAL_PANELS 24
#define LOCAL_SLIDE 28
#define LOCAL_BYTES 36
#define PAIR_BYTES 24 /* of channels */

/* The first scaling rounds, unless the second is the only one that does. */
#ifdef CNNC_SINGLE_ROUNDING
#define SLIDE_SCALE vqdmulh.s32
#else
#define SLIDE_SCALE vqrdmulh.s32
#endif

.macro SLIDE_WEIGHTS
    vldrb.u8 q0, [r3], #16
    vldrb.u8 q1, [r3], #16
.endm

/* Adds 16 values of a pixel to its sums in both channels. */
.macro SLIDE_PIXEL accumulate, first, second, values
    vmladav\accumulate\().s8 \first, q0, \values
    vmladav\accumulate\().s8 \second, q1, \values
.endm

/* Three columns of 16 values with neighbouring pixels: six vectors serve twelve products. */
.macro SLIDE_STRIDE_1 accumulate, bytes
    SLIDE_WEIGHTS
    vldrw.u32 q2, [r1], #16
    vldrw.u32 q3, [r1, #(\bytes - 16)]
    SLIDE_PIXEL \accumulate, r0, r8, q2
    vldrw.u32 q4, [r1, #(2 * \bytes - 16)]
    SLIDE_PIXEL \accumulate, r2, r10, q3
    vldrw.u32 q5, [r1, #(3 * \bytes - 16)]
    SLIDE_PIXEL \accumulate, r4, r12, q4
    SLIDE_PIXEL \accumulate, r6, lr, q5
    SLIDE_WEIGHTS
    vldrw.u32 q2, [r1, #(4 * \bytes - 16)]
    SLIDE_PIXEL a, r0, r8, q3
    SLIDE_PIXEL a, r2, r10, q4
    SLIDE_PIXEL a, r4, r12, q5
    SLIDE_PIXEL a, r6, lr, q2
    SLIDE_WEIGHTS
    vldrw.u32 q3, [r1, #(5 * \bytes - 16)]
    SLIDE_PIXEL a, r0, r8, q4
    SLIDE_PIXEL a, r2, r10, q5
    SLIDE_PIXEL a, r4, r12, q2
    SLIDE_PIXEL a, r6, lr, q3
.endm

/* The same for every other pixel: nine vectors. */
.macro SLIDE_STRIDE_2 accumulate, bytes
    SLIDE_WEIGHTS
    vldrw.u32 q2, [r1], #16
    vldrw.u32 q3, [r1, #(2 * \bytes - 16)]
    SLIDE_PIXEL \accumulate, r0, r8, q2
    vldrw.u32 q4, [r1, #(4 * \bytes - 16)]
    SLIDE_PIXEL \accumulate, r2, r10, q3
    vldrw.u32 q5, [r1, #(6 * \bytes - 16)]
    SLIDE_PIXEL \accumulate, r4, r12, q4
    SLIDE_PIXEL \accumulate, r6, lr, q5
    SLIDE_WEIGHTS
    vldrw.u32 q2, [r1, #(\bytes - 16)]
    SLIDE_PIXEL a, r0, r8, q2
    vldrw.u32 q2, [r1, #(3 * \bytes - 16)]
    SLIDE_PIXEL a, r2, r10, q2
    vldrw.u32 q2, [r1, #(5 * \bytes - 16)]
    SLIDE_PIXEL a, r4, r12, q2
    vldrw.u32 q2, [r1, #(7 * \bytes - 16)]
    SLIDE_PIXEL a, r6, lr, q2
    SLIDE_WEIGHTS
    vldrw.u32 q2, [r1, #(8 * \bytes - 16)]
    SLIDE_PIXEL a, r0, r8, q3
    SLIDE_PIXEL a, r2, r10, q4
    SLIDE_PIXEL a, r4, r12, q5
    SLIDE_PIXEL a, r6, lr, q2
.endm

/* q0, q1 = scaled sums of the next pair of channels, without zero point. */
.macro SLIDE_PAIR name, half, stride, bytes
    ldr r9, [sp, #LOCAL_SEGMENTS]
    ldr r1, [r9], #4
    add r1, r1, r11
    SLIDE_STRIDE_\stride , \bytes
    ldr r1, [r9], #4
.L\name\()_segment_\half:
    add r1, r1, r11
    SLIDE_STRIDE_\stride a, \bytes
    ldr r1, [r9], #4
    cmp r1, #0
    bne .L\name\()_segment_\half
    vmov q0[2], q0[0], r0, r4
    vmov q0[3], q0[1], r2, r6
    vmov q1[2], q1[0], r8, r12
    vmov q1[3], q1[1], r10, lr
    ldm r5!, {r0, r2, r4, r6, r8, r10}
    vadd.i32 q0, q0, r0
    vadd.i32 q1, q1, r2
    SLIDE_SCALE q0, q0, r4
    SLIDE_SCALE q1, q1, r6
    vqrdmulh.s32 q0, q0, r8
    vqrdmulh.s32 q1, q1, r10
.endm

.macro SLIDE_FUNCTION name, stride, bytes
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #LOCAL_BYTES
    ldrd r1, r3, [r0, #SLIDE_SEGMENTS]
    ldrd r5, r7, [r0, #SLIDE_CHANNELS]
    ldrd r2, r6, [r0, #SLIDE_PAIRS]
    ldr r8, [r0, #SLIDE_ZERO_POINT]
    vldrw.u32 q7, [r0, #SLIDE_OFFSETS]
    mov r9, #PAIR_BYTES
    mla r2, r2, r9, r5
    strd r8, r2, [sp, #LOCAL_ZERO_POINT]
    strd r1, r3, [sp, #LOCAL_SEGMENTS]
    strd r5, r7, [sp, #LOCAL_CHANNELS]
    strd r6, r0, [sp, #LOCAL_PANELS]
    mov r11, #0
.L\name\()_next:
    SLIDE_PAIR \name, 0, \stride, \bytes
    vqmovnb.s32 q6, q0
    vqmovnt.s32 q6, q1
    SLIDE_PAIR \name, 1, \stride, \bytes
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    ldrd r0, r2, [sp, #LOCAL_ZERO_POINT]
    vqadd.s16 q6, q6, r0
    vqadd.s16 q0, q0, r0
    vqmovnb.s16 q6, q6
    vqmovnt.s16 q6, q0
    cmp r5, r2
    vstrw.32 q6, [r7, q7]
    add r7, r7, #4
    bne.w .L\name\()_next
    ldrd r2, r0, [sp, #LOCAL_PANELS]
    subs r2, r2, #1
    beq .L\name\()_done
    ldrd r4, r6, [r0, #SLIDE_PANEL_STEP]
    ldrd r5, r7, [sp, #LOCAL_CHANNELS]
    ldr r3, [sp, #LOCAL_WEIGHTS]
    add r11, r11, r4
    add r7, r7, r6
    str r2, [sp, #LOCAL_PANELS]
    str r7, [sp, #LOCAL_OUTPUT]
    b.w .L\name\()_next
.L\name\()_done:
    add sp, sp, #LOCAL_BYTES
    vpop {d8-d15}
    pop {r4-r11, pc}
    .size \name, . - \name
.endm

SLIDE_FUNCTION CNNC_SYMBOL(mve_slide_16_by_1), 1, 16
SLIDE_FUNCTION CNNC_SYMBOL(mve_slide_32_by_1), 1, 32
SLIDE_FUNCTION CNNC_SYMBOL(mve_slide_64_by_1), 1, 64
SLIDE_FUNCTION CNNC_SYMBOL(mve_slide_16_by_2), 2, 16
SLIDE_FUNCTION CNNC_SYMBOL(mve_slide_32_by_2), 2, 32
SLIDE_FUNCTION CNNC_SYMBOL(mve_slide_64_by_2), 2, 64
#endif

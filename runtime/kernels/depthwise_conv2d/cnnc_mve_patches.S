/* SPDX-License-Identifier: MIT-0 */
/* Depthwise products of patches of 4 rows and 4 columns: see cnnc_mve_patches.h. */
#if defined(CNNC_PREFIX) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)

#include "cnnc_common.h"

    .syntax unified
    .thumb

/* Fields of struct cnnc_mve_patches. */
#define PATCHES_VALUES 0
#define PATCHES_WEIGHTS 4
#define PATCHES_CHANNELS 8
#define PATCHES_OUTPUT 12
#define PATCHES_COUNT 16
#define PATCHES_WHOLE_STEPS 20
#define PATCHES_PATCH_STEP 24
#define PATCHES_OUTPUT_STEP 28
#define PATCHES_WHOLE_MASK 32
#define PATCHES_LAST_MASK 36
#define PATCHES_ZERO_POINT 40
#define PATCHES_COLUMNS 44
#define PATCHES_OFFSETS 60
#define PATCHES_COLUMN_STEP 76

/* Locals: six words that one load fetches, then the rest. */
#define LOCAL_CONSTANTS 0
#define LOCAL_ZERO_POINT 12
#define LOCAL_OUTPUT_STEP 16
#define LOCAL_VALUES_STEP 20
#define LOCAL_VALUES 24
#define LOCAL_OUTPUT 28
#define LOCAL_COUNT 32
#define LOCAL_PATCHES 36
#define LOCAL_BYTES 44

/* The first scaling rounds, unless the second is the only one that does. */
#ifdef CNNC_SINGLE_ROUNDING
#define PATCHES_SCALE vqdmulh.s32
#else
#define PATCHES_SCALE vqrdmulh.s32
#endif

.macro PATCHES_BEGIN
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #LOCAL_BYTES
    ldrd r1, r11, [r0, #PATCHES_VALUES]
    ldrd r5, r7, [r0, #PATCHES_CHANNELS]
    ldr r2, [r0, #PATCHES_COUNT]
    ldrd r4, r6, [r0, #PATCHES_PATCH_STEP]
    ldr r8, [r0, #PATCHES_ZERO_POINT]
    lsl r4, r4, #1
    strd r8, r6, [sp, #LOCAL_ZERO_POINT]
    strd r4, r1, [sp, #LOCAL_VALUES_STEP]
    strd r7, r2, [sp, #LOCAL_OUTPUT]
    str r0, [sp, #LOCAL_PATCHES]
    vldrw.u32 q2, [r0, #PATCHES_COLUMNS]
    vldrw.u32 q3, [r0, #PATCHES_OFFSETS]
.endm

/* Constants of the next channel; r1 and r3 = its first two patches, r7 its output, r9 the steps
 * whose results are all stored, P0 the results of the first step that are. */
.macro PATCHES_CHANNEL
    ldm r5!, {r0, r2, r4}
    stm sp, {r0, r2, r4}
    ldrd r1, r7, [sp, #LOCAL_VALUES]
    ldr r12, [sp, #LOCAL_PATCHES]
    add r0, r1, #4
    add r2, r7, #1
    strd r0, r2, [sp, #LOCAL_VALUES]
    ldrd r9, r3, [r12, #PATCHES_WHOLE_STEPS]
    ldrd r0, r2, [r12, #PATCHES_WHOLE_MASK]
    add r3, r3, r1
    cmp r9, #0
    it eq
    moveq r0, r2
    vmsr p0, r0
.endm

/* Scales eight sums and stores those of P0; the next patches. */
.macro PATCHES_STORE
    vmov q0[2], q0[0], r0, r4
    vmov q0[3], q0[1], r2, r6
    vmov q1[2], q1[0], r8, r12
    vmov q1[3], q1[1], r10, lr
    ldm sp, {r0, r2, r4, r6, r8, r10}
    vadd.i32 q0, q0, r0
    vadd.i32 q1, q1, r0
    PATCHES_SCALE q0, q0, r2
    PATCHES_SCALE q1, q1, r2
    vqrdmulh.s32 q0, q0, r4
    vqrdmulh.s32 q1, q1, r4
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqadd.s16 q0, q0, r6
    add r1, r1, r10
    vqmovnb.s16 q0, q0
    add r3, r3, r10
    vpst
    vstrbt.16 q0, [r7, q3]
    add r7, r7, r8
    subs r9, r9, #1
.endm

/* After whole steps comes one of which only some results are stored. */
.macro PATCHES_END name
    bgt .L\name\()_step
    blt .L\name\()_stored
    ldr r0, [sp, #LOCAL_PATCHES]
    ldr r0, [r0, #PATCHES_LAST_MASK]
    vmsr p0, r0
    b .L\name\()_step
.L\name\()_stored:
    ldr r0, [sp, #LOCAL_COUNT]
    subs r0, r0, #1
    str r0, [sp, #LOCAL_COUNT]
    bne .L\name\()_channel
    add sp, sp, #LOCAL_BYTES
    vpop {d8-d15}
    pop {r4-r11, pc}
    .size \name, . - \name
.endm

/* A patch has 2 x 2 results: the kernel at its corners. */
.macro PATCHES_SQUARES_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    PATCHES_BEGIN
.L\name\()_channel:
    vldrb.u8 q4, [r11, #4]
    vldrb.u8 q5, [r11]
    vldrb.u8 q6, [r11, #3]
    vldrb.u8 q7, [r11, #-1]
    add r11, r11, #16
    PATCHES_CHANNEL
.L\name\()_step:
    vldrw.u32 q0, [r1, q2]
    vldrw.u32 q1, [r3, q2]
    vmladav.s8 r0, q0, q4
    vmladav.s8 r2, q0, q5
    vmladav.s8 r4, q0, q6
    vmladav.s8 r6, q0, q7
    vmladav.s8 r8, q1, q4
    vmladav.s8 r10, q1, q5
    vmladav.s8 r12, q1, q6
    vmladav.s8 lr, q1, q7
    PATCHES_STORE
    PATCHES_END \name
.endm

/* A patch has one result; four patches are a column step apart, four more at r3. */
.macro PATCHES_SINGLES_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    PATCHES_BEGIN
    ldr r4, [r0, #PATCHES_COLUMN_STEP]
    vadd.i32 q5, q2, r4
    vadd.i32 q6, q5, r4
    vadd.i32 q7, q6, r4
.L\name\()_channel:
    vldrb.u8 q4, [r11], #16
    PATCHES_CHANNEL
.L\name\()_step:
    vldrw.u32 q0, [r1, q2]
    vldrw.u32 q1, [r1, q5]
    vmladav.s8 r0, q0, q4
    vldrw.u32 q0, [r1, q6]
    vmladav.s8 r2, q1, q4
    vldrw.u32 q1, [r1, q7]
    vmladav.s8 r4, q0, q4
    vldrw.u32 q0, [r3, q2]
    vmladav.s8 r6, q1, q4
    vldrw.u32 q1, [r3, q5]
    vmladav.s8 r8, q0, q4
    vldrw.u32 q0, [r3, q6]
    vmladav.s8 r10, q1, q4
    vldrw.u32 q1, [r3, q7]
    vmladav.s8 r12, q0, q4
    vmladav.s8 lr, q1, q4
    PATCHES_STORE
    PATCHES_END \name
.endm

/* r0 target, r1 addresses of four rows, r2 bytes of each. */
.macro PATCHES_INTERLEAVE_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r4-r7, lr}
    ldm r1, {r4-r7}
    lsrs r3, r2, #4
    beq .L\name\()_rest
    dls lr, r3
.L\name\()_next:
    vldrb.u8 q0, [r4], #16
    vldrb.u8 q1, [r5], #16
    vldrb.u8 q2, [r6], #16
    vldrb.u8 q3, [r7], #16
    vst40.8 {q0, q1, q2, q3}, [r0]
    vst41.8 {q0, q1, q2, q3}, [r0]
    vst42.8 {q0, q1, q2, q3}, [r0]
    vst43.8 {q0, q1, q2, q3}, [r0]!
    le lr, .L\name\()_next
.L\name\()_rest:
    ands r2, r2, #15
    beq .L\name\()_done
    vctp.8 r2
    vpstttt
    vldrbt.u8 q0, [r4]
    vldrbt.u8 q1, [r5]
    vldrbt.u8 q2, [r6]
    vldrbt.u8 q3, [r7]
    vst40.8 {q0, q1, q2, q3}, [r0]
    vst41.8 {q0, q1, q2, q3}, [r0]
    vst42.8 {q0, q1, q2, q3}, [r0]
    vst43.8 {q0, q1, q2, q3}, [r0]
.L\name\()_done:
    pop {r4-r7, pc}
    .size \name, . - \name
.endm

/* r0 target, r1 weights, r2 channels, r3 weights of a channel; on the stack the addresses of the
 * lanes' offsets and which lanes there are. */
.macro PATCHES_EXPAND_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r7, lr}
    ldrd r7, r12, [sp, #8]
    vldrb.u8 q1, [r7]
    vmsr p0, r12
    dls lr, r2
.L\name\()_next:
    vpst
    vldrbt.u8 q0, [r1, q1]
    add r1, r1, r3
    vstrb.8 q0, [r0], #16
    le lr, .L\name\()_next
    pop {r7, pc}
    .size \name, . - \name
.endm

PATCHES_SQUARES_FUNCTION CNNC_SYMBOL(mve_patch_squares)
PATCHES_SINGLES_FUNCTION CNNC_SYMBOL(mve_patch_singles)
PATCHES_INTERLEAVE_FUNCTION CNNC_SYMBOL(mve_interleave)
PATCHES_EXPAND_FUNCTION CNNC_SYMBOL(mve_expand_weights)
#endif

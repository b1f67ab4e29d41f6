/* SPDX-License-Identifier: MIT-0 */
/* Products of four pixels with the weights of output channels: see cnnc_mve_panel.h.
 * r1 values, r3 weights, r5 channels, r7 output, r9 passes; r0, r2, r4, r6 are the sums of pixels
 * 0 to 3 in the pair's first channel, r8, r10, r12, lr those in its second: VMLADAV wants even
 * registers. */
#if defined(CNNC_PREFIX) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)

#include "cnnc_common.h"

    .syntax unified
    .thumb

/* Fields of struct cnnc_mve_panel. */
#define PANEL_SOURCES 0
#define PANEL_CHANNELS 8
#define PANEL_PAIRS 16
#define PANEL_FIRST_DEPTH 24
#define PANEL_OFFSETS 32
#define PANEL_LAST_OFFSETS 48
#define PANEL_HAS_LAST 64
#define PANEL_SOURCE_STEP 72
#define PANEL_PANELS 76
#define PANEL_OUTPUT_STEP 80

/* Locals on the stack. */
#define LOCAL_ZERO_POINT 0
#define LOCAL_END 4
#define LOCAL_VALUES 8
#define LOCAL_FIRST_DEPTH 12
#define LOCAL_ENTRY_0 16
#define LOCAL_ENTRY_1 20
#define LOCAL_PASSES 24
#define LOCAL_PANEL 28
#define LOCAL_SOURCE 32
#define LOCAL_OUTPUT 36
#define LOCAL_PANELS 40
#define LOCAL_LAST_END 44
#define LOCAL_BYTES 52

/* The first scaling rounds, unless the second is the only one that does. */
#ifdef CNNC_SINGLE_ROUNDING
#define PANEL_SCALE vqdmulh.s32
#else
#define PANEL_SCALE vqrdmulh.s32
#endif

#define PAIR_BYTES 24 /* of channels */
#define STEP_BYTES 56 /* of PANEL_STEP: 14 instructions of 4 bytes */
#define STEPS 8

/* Sums (+)= 16 values of 4 pixels times the weights of 2 channels in q0 and q1. */
.macro PANEL_MULTIPLY accumulate
    vldrw.u32 q2, [r1], #16
    vmladav\accumulate\().s8 r0, q0, q2
    vldrw.u32 q3, [r1], #16
    vmladav\accumulate\().s8 r8, q1, q2
    vmladav\accumulate\().s8 r2, q0, q3
    vldrw.u32 q4, [r1], #16
    vmladav\accumulate\().s8 r10, q1, q3
    vmladav\accumulate\().s8 r4, q0, q4
    vldrw.u32 q5, [r1], #16
    vmladav\accumulate\().s8 r12, q1, q4
    vmladav\accumulate\().s8 r6, q0, q5
    vmladav\accumulate\().s8 lr, q1, q5
.endm

.macro PANEL_STEP
    vldrb.u8 q0, [r3], #16
    vldrb.u8 q1, [r3], #16
    PANEL_MULTIPLY a
.endm

/* Starts the sums. A ragged first step is less than 16 deep: its values are zero from there on, so
 * that weights that are read too far do not count. */
.macro PANEL_FIRST_STEP ragged
.if \ragged
    ldr lr, [sp, #LOCAL_FIRST_DEPTH]
    vldrb.u8 q0, [r3]
    add r3, r3, lr
    vldrb.u8 q1, [r3]
    add r3, r3, lr
.else
    vldrb.u8 q0, [r3], #16
    vldrb.u8 q1, [r3], #16
.endif
    PANEL_MULTIPLY
.endm

/* q0, q1 = sums of a pair of channels, scaled, without zero point; 4 pixels each. */
.macro PANEL_SCALE_PAIR
    vmov q0[2], q0[0], r0, r4
    vmov q0[3], q0[1], r2, r6
    vmov q1[2], q1[0], r8, r12
    vmov q1[3], q1[1], r10, lr
    ldm r5!, {r0, r2, r4, r6, r8, r10}
    vadd.i32 q0, q0, r0
    vadd.i32 q1, q1, r2
    PANEL_SCALE q0, q0, r4
    PANEL_SCALE q1, q1, r6
    vqrdmulh.s32 q0, q0, r8
    vqrdmulh.s32 q1, q1, r10
.endm

/* q0, q1 = scaled sums of the next pair of channels, without zero point; 4 pixels each. */
.macro PANEL_PAIR name, half, ragged, deep
    PANEL_FIRST_STEP \ragged
.if \deep
    ldr r9, [sp, #LOCAL_PASSES]
.endif
    ldr pc, [sp, #(LOCAL_ENTRY_0 + 4 * \half)]
.L\name\()_steps_\half:
    .rept STEPS
    PANEL_STEP
    .endr
.L\name\()_steps_end_\half:
.if \deep
    subs r9, r9, #1
    bne .L\name\()_steps_\half
.endif
.L\name\()_scale_\half:
    PANEL_SCALE_PAIR
    ldr r1, [sp, #LOCAL_VALUES]
.endm

/* Where the steps after the first are entered, so that as many are left as there must be: r6 of
 * them, more than STEPS only if deep. Leaves r6 alone. */
.macro PANEL_ENTRY name, half, deep
    adr.w r10, .L\name\()_scale_\half
    cbz r6, .L\name\()_entered_\half
    adr.w r10, .L\name\()_steps_end_\half
    ands r12, r6, #(STEPS - 1)
    it eq
    moveq r12, #STEPS
    mov lr, #STEP_BYTES
    mls r10, r12, lr, r10
.L\name\()_entered_\half:
    orr r10, r10, #1
    str r10, [sp, #(LOCAL_ENTRY_0 + 4 * \half)]
.endm

/* Saves registers and fills the locals. */
.macro PANEL_BEGIN name, halves, deep
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #LOCAL_BYTES
    ldr r1, [r0, #PANEL_SOURCES]
    ldrd r5, r7, [r0, #PANEL_CHANNELS]
    ldrd r2, r6, [r0, #PANEL_PAIRS]
    ldrd r4, r8, [r0, #PANEL_FIRST_DEPTH]
    ldrd r3, r11, [r0, #PANEL_HAS_LAST]
    ldr r12, [r0, #PANEL_PANELS]
    mov r9, #PAIR_BYTES
    mla r2, r2, r9, r5
    mla r3, r3, r9, r2
    strd r8, r2, [sp, #LOCAL_ZERO_POINT]
    strd r11, r4, [sp, #LOCAL_VALUES]
    strd r0, r1, [sp, #LOCAL_PANEL]
    strd r7, r12, [sp, #LOCAL_OUTPUT]
    str r3, [sp, #LOCAL_LAST_END]
.if \halves > 0
    PANEL_ENTRY \name, 0, \deep
.endif
.if \halves == 2
    PANEL_ENTRY \name, 1, \deep
.endif
.if \deep
    add r6, r6, #(STEPS - 1)
    lsr r6, r6, #3
    str r6, [sp, #LOCAL_PASSES]
.endif
.endm

/* Packs the next four pixels and points to the start of everything; q7 = offsets. */
.macro PANEL_PACK name
.L\name\()_panel:
    ldrd r0, r4, [sp, #LOCAL_PANEL]
    ldr r10, [r0, #PANEL_SOURCE_STEP]
    ldrd r3, r2, [r0, #(PANEL_FIRST_DEPTH - 4)]
    ldr r1, [sp, #LOCAL_VALUES]
    add r5, r4, r10
    add r6, r5, r10
    add r7, r6, r10
    add r8, r7, r10
    str r8, [sp, #LOCAL_SOURCE]
    vctp.8 r2
    vpstttt
    vldrbt.u8 q0, [r4]
    vldrbt.u8 q1, [r5]
    vldrbt.u8 q2, [r6]
    vldrbt.u8 q3, [r7]
    vstrw.32 q0, [r1], #16
    vstrw.32 q1, [r1], #16
    vstrw.32 q2, [r1], #16
    vstrw.32 q3, [r1], #16
    cbz r3, .L\name\()_packed
    add r4, r4, r2
    add r5, r5, r2
    add r6, r6, r2
    add r7, r7, r2
    dls lr, r3
.L\name\()_pack:
    vldrb.u8 q0, [r4], #16
    vldrb.u8 q1, [r5], #16
    vldrb.u8 q2, [r6], #16
    vldrb.u8 q3, [r7], #16
    vstrw.32 q0, [r1], #16
    vstrw.32 q1, [r1], #16
    vstrw.32 q2, [r1], #16
    vstrw.32 q3, [r1], #16
    le lr, .L\name\()_pack
.L\name\()_packed:
    vldrw.u32 q7, [r0, #PANEL_OFFSETS]
    ldrd r3, r5, [r0, #(PANEL_CHANNELS - 4)]
    ldr r1, [sp, #LOCAL_VALUES]
    ldr r7, [sp, #LOCAL_OUTPUT]
.endm

/* The next panel, if there is one. */
.macro PANEL_END name
    ldrd r7, r2, [sp, #LOCAL_OUTPUT]
    ldr r0, [sp, #LOCAL_PANEL]
    subs r2, r2, #1
    ldr r0, [r0, #PANEL_OUTPUT_STEP]
    add r7, r7, r0
    strd r7, r2, [sp, #LOCAL_OUTPUT]
    bne.w .L\name\()_panel
    add sp, sp, #LOCAL_BYTES
    vpop {d8-d15}
    pop {r4-r11, pc}
.endm

/* Stores the words of four channels of each pixel; equal if they were the last ones. */
.macro PANEL_STORE_QUAD
    ldrd r0, r2, [sp, #LOCAL_ZERO_POINT]
    vqadd.s16 q6, q6, r0
    vqadd.s16 q0, q0, r0
    vqmovnb.s16 q6, q6
    vqmovnt.s16 q6, q0
    cmp r5, r2
    vstrw.32 q6, [r7, q7]
    add r7, r7, #4
.endm

/* Pairs are channels (0, 2) and (1, 3) of each four: narrowed one behind the other, they make words
 * of the four channels of a pixel. */
.macro PANEL_QUADS name, ragged, deep
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    PANEL_BEGIN \name, 2, \deep
    PANEL_PACK \name
.L\name\()_next:
    PANEL_PAIR \name, 0, \ragged, \deep
    vqmovnb.s32 q6, q0
    vqmovnt.s32 q6, q1
    PANEL_PAIR \name, 1, \ragged, \deep
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    PANEL_STORE_QUAD
    bne .L\name\()_next
    PANEL_END \name
    .size \name, . - \name
.endm

PANEL_QUADS CNNC_SYMBOL(mve_panel_quads), 0, 0
PANEL_QUADS CNNC_SYMBOL(mve_panel_quads_ragged), 1, 0
PANEL_QUADS CNNC_SYMBOL(mve_panel_quads_deep), 1, 1

/* The sums of a pair of channels where one step is all: the pixels stay in q2 to q5, r1 is the
 * depth. */
.macro PANEL_FLAT_PAIR
    vldrb.u8 q0, [r3]
    add r3, r3, r1
    vldrb.u8 q1, [r3]
    add r3, r3, r1
    vmladav.s8 r0, q0, q2
    vmladav.s8 r8, q1, q2
    vmladav.s8 r2, q0, q3
    vmladav.s8 r10, q1, q3
    vmladav.s8 r4, q0, q4
    vmladav.s8 r12, q1, q4
    vmladav.s8 r6, q0, q5
    vmladav.s8 lr, q1, q5
    PANEL_SCALE_PAIR
.endm

.macro PANEL_FLAT_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    PANEL_BEGIN \name, 0, 0
.L\name\()_panel:
    ldrd r0, r4, [sp, #LOCAL_PANEL]
    ldr r10, [r0, #PANEL_SOURCE_STEP]
    ldr r1, [r0, #PANEL_FIRST_DEPTH]
    add r5, r4, r10
    add r6, r5, r10
    add r7, r6, r10
    add r8, r7, r10
    str r8, [sp, #LOCAL_SOURCE]
    vctp.8 r1
    vpstttt
    vldrbt.u8 q2, [r4]
    vldrbt.u8 q3, [r5]
    vldrbt.u8 q4, [r6]
    vldrbt.u8 q5, [r7]
    vldrw.u32 q7, [r0, #PANEL_OFFSETS]
    ldrd r3, r5, [r0, #(PANEL_CHANNELS - 4)]
    ldr r7, [sp, #LOCAL_OUTPUT]
.L\name\()_next:
    PANEL_FLAT_PAIR
    vqmovnb.s32 q6, q0
    vqmovnt.s32 q6, q1
    PANEL_FLAT_PAIR
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    PANEL_STORE_QUAD
    bne .L\name\()_next
    PANEL_END \name
    .size \name, . - \name
.endm

PANEL_FLAT_FUNCTION CNNC_SYMBOL(mve_panel_quads_flat)

/* Channels two by two. Where their number is odd, the last pair has one channel twice: both results
 * go to one place by other offsets. */
.macro PANEL_PAIRS_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    PANEL_BEGIN \name, 1, 1
    PANEL_PACK \name
    ldr r2, [r0, #PANEL_PAIRS]
    mov r4, #PAIR_BYTES
    mla r2, r2, r4, r5
    str r2, [sp, #LOCAL_END]
    b .L\name\()_more
.L\name\()_next:
    PANEL_PAIR \name, 0, 1, 1
    ldrd r0, r2, [sp, #LOCAL_ZERO_POINT]
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqadd.s16 q0, q0, r0
    vqmovnb.s16 q0, q0
    vstrb.16 q0, [r7, q7]
    add r7, r7, #2
.L\name\()_more:
    cmp r5, r2
    bne .L\name\()_next
    ldr r2, [sp, #LOCAL_LAST_END]
    cmp r5, r2
    beq .L\name\()_end
    ldr r0, [sp, #LOCAL_PANEL]
    vldrw.u32 q7, [r0, #PANEL_LAST_OFFSETS]
    str r2, [sp, #LOCAL_END]
    b .L\name\()_next
.L\name\()_end:
    PANEL_END \name
    .size \name, . - \name
.endm

PANEL_PAIRS_FUNCTION CNNC_SYMBOL(mve_panel_pairs)
#endif

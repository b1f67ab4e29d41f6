/* SPDX-License-Identifier: MIT-0 */
/* Products of four pixels with the weights of output channels: see cnnc_mve_panel.h.
 * r1 values, r3 weights, r5 channels, r7 output, r9 passes; r0, r2, r4, r6 are the sums of pixels
 * 0 to 3 in the pair's first channel, r8, r10, r12, lr those in its second: VMLADAV wants even
 * registers. */
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)

#include "cnnc_common.h"

    .syntax unified
    .thumb

/* Fields of struct cnnc_mve_panel. */
#define PANEL_VALUES 0
#define PANEL_CHANNELS 8
#define PANEL_PAIRS 16
#define PANEL_FIRST_DEPTH 24
#define PANEL_OFFSETS 32
#define PANEL_LAST_OFFSETS 48

/* Locals on the stack. */
#define LOCAL_ZERO_POINT 0
#define LOCAL_END 4
#define LOCAL_VALUES 8
#define LOCAL_FIRST_DEPTH 12
#define LOCAL_ENTRY_0 16
#define LOCAL_ENTRY_1 20
#define LOCAL_PASSES 24
#define LOCAL_PANEL 28
#define LOCAL_BYTES 36

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

/* Saves registers and fills them and the locals; q7 = offsets. */
.macro PANEL_BEGIN name, halves, deep
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #LOCAL_BYTES
    ldrd r1, r3, [r0, #PANEL_VALUES]
    ldrd r5, r7, [r0, #PANEL_CHANNELS]
    ldrd r2, r6, [r0, #PANEL_PAIRS]
    ldrd r4, r8, [r0, #PANEL_FIRST_DEPTH]
    vldrw.u32 q7, [r0, #PANEL_OFFSETS]
    mov r9, #PAIR_BYTES
    mla r2, r2, r9, r5
    strd r8, r2, [sp, #LOCAL_ZERO_POINT]
    strd r1, r4, [sp, #LOCAL_VALUES]
    PANEL_ENTRY \name, 0, \deep
.if \halves == 2
    PANEL_ENTRY \name, 1, \deep
.endif
.if \deep
    add r6, r6, #(STEPS - 1)
    lsr r6, r6, #3
    strd r6, r0, [sp, #LOCAL_PASSES]
.endif
.endm

.macro PANEL_END
    add sp, sp, #LOCAL_BYTES
    vpop {d8-d15}
    pop {r4-r11, pc}
.endm

/* Pairs are channels (0, 2) and (1, 3) of each four: narrowed one behind the other, they make words
 * of the four channels of a pixel. */
.macro PANEL_QUADS name, ragged, deep
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    PANEL_BEGIN \name, 2, \deep
.L\name\()_next:
    PANEL_PAIR \name, 0, \ragged, \deep
    vqmovnb.s32 q6, q0
    vqmovnt.s32 q6, q1
    PANEL_PAIR \name, 1, \ragged, \deep
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
    bne .L\name\()_next
    PANEL_END
    .size \name, . - \name
.endm

PANEL_QUADS CNNC_SYMBOL(mve_panel_quads), 0, 0
PANEL_QUADS CNNC_SYMBOL(mve_panel_quads_ragged), 1, 0
PANEL_QUADS CNNC_SYMBOL(mve_panel_quads_deep), 1, 1

/* Channels two by two. Where their number is odd, the last pair has one channel twice: both results
 * go to one place by other offsets. */
.macro PANEL_PAIRS_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    PANEL_BEGIN \name, 1, 1
    ldr r2, [sp, #LOCAL_END]
    cmp r5, r2
    beq .L\name\()_last
.L\name\()_next:
    PANEL_PAIR \name, 0, 1, 1
    ldrd r0, r2, [sp, #LOCAL_ZERO_POINT]
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqadd.s16 q0, q0, r0
    vqmovnb.s16 q0, q0
    cmp r5, r2
    vstrb.16 q0, [r7, q7]
    add r7, r7, #2
    bne .L\name\()_next
.L\name\()_last:
    ldr r0, [sp, #LOCAL_PANEL]
    cbz r0, .L\name\()_done
    ldr r4, [r0, #(PANEL_LAST_OFFSETS + 16)]
    cbz r4, .L\name\()_done
    vldrw.u32 q7, [r0, #PANEL_LAST_OFFSETS]
    mov r0, #0
    add r2, r5, #PAIR_BYTES
    str r0, [sp, #LOCAL_PANEL]
    str r2, [sp, #LOCAL_END]
    b .L\name\()_next
.L\name\()_done:
    PANEL_END
    .size \name, . - \name
.endm

PANEL_PAIRS_FUNCTION CNNC_SYMBOL(mve_panel_pairs)

/* r0 panel, r1 addresses of the sources, r2 first depth, r3 later steps. */
.macro PANEL_PACK_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
\name:
    push {r4-r7, lr}
    ldm r1, {r4-r7}
    vctp.8 r2
    vpstttt
    vldrbt.u8 q0, [r4]
    vldrbt.u8 q1, [r5]
    vldrbt.u8 q2, [r6]
    vldrbt.u8 q3, [r7]
    vstrw.32 q0, [r0], #16
    vstrw.32 q1, [r0], #16
    vstrw.32 q2, [r0], #16
    vstrw.32 q3, [r0], #16
    cbz r3, .L\name\()_done
    add r4, r4, r2
    add r5, r5, r2
    add r6, r6, r2
    add r7, r7, r2
    dls lr, r3
.L\name\()_next:
    vldrb.u8 q0, [r4], #16
    vldrb.u8 q1, [r5], #16
    vldrb.u8 q2, [r6], #16
    vldrb.u8 q3, [r7], #16
    vstrw.32 q0, [r0], #16
    vstrw.32 q1, [r0], #16
    vstrw.32 q2, [r0], #16
    vstrw.32 q3, [r0], #16
    le lr, .L\name\()_next
.L\name\()_done:
    pop {r4-r7, pc}
    .size \name, . - \name
.endm

PANEL_PACK_FUNCTION CNNC_SYMBOL(mve_panel_pack)

#undef PANEL_VALUES
#undef PANEL_CHANNELS
#undef PANEL_PAIRS
#undef PANEL_FIRST_DEPTH
#undef PANEL_OFFSETS
#undef PANEL_LAST_OFFSETS
#undef LOCAL_ZERO_POINT
#undef LOCAL_END
#undef LOCAL_VALUES
#undef LOCAL_FIRST_DEPTH
#undef LOCAL_ENTRY_0
#undef LOCAL_ENTRY_1
#undef LOCAL_PASSES
#undef LOCAL_PANEL
#undef LOCAL_BYTES
#undef PANEL_SCALE
#undef PAIR_BYTES
#undef STEP_BYTES
#undef STEPS
#endif

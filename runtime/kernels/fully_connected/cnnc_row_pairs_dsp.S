/* SPDX-License-Identifier: MIT-0 */
/* One row times two pairs of channels on Armv7E-M; cnnc_row_pairs_dsp.h has the same in C. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_DSP

    .syntax unified
    .thumb

/* Registers while products are summed: M and S of two pairs, weights, inputs. */
#define INPUTS r0
#define BLOCKS r1
#define BOTH_0 r2
#define LOW_0 r3
#define BOTH_1 r4
#define LOW_1 r5

/* Words on the stack. */
#define STACK_INPUTS 0
#define STACK_INPUTS_END 4
#define STACK_ENTRY 8
#define STACK_OUTPUT 12
#define STACK_OUTPUT_END 16
#define STACK_LEFT 20
#define STACK_FRAME 28
#define STACK_SAVED 36
#define STACK_ARGUMENT_CHANNELS (STACK_FRAME + STACK_SAVED)
#define STACK_ARGUMENT_SIGN (STACK_FRAME + STACK_SAVED + 4)

#define UNITS_PER_TURN 4
#define UNIT_BYTES 108

/* Two words of inputs times two words of weights each. */
.macro row_products input_0, input_1
    ldm BLOCKS!, {r6, r7, r8, r9}
    smlad BOTH_0, \input_0, r6, BOTH_0
    smlad BOTH_1, \input_0, r7, BOTH_1
    smlad BOTH_0, \input_1, r8, BOTH_0
    smlad BOTH_1, \input_1, r9, BOTH_1
    sxtb16 r6, r6
    sxtb16 r7, r7
    sxtb16 r8, r8
    sxtb16 r9, r9
    smlad LOW_0, \input_0, r6, LOW_0
    smlad LOW_1, \input_0, r7, LOW_1
    smlad LOW_0, \input_1, r8, LOW_0
    smlad LOW_1, \input_1, r9, LOW_1
.endm

/* Stores the result of one channel; x is 256 times its accumulator, r11 the sign's share. */
.macro row_result x
    ldm BLOCKS!, {r6, r7, r8}
    and r9, r11, \x, asr #31
    smmla \x, \x, r6, r7
    subs \x, \x, r9
    asrs \x, \x, r8
    ssat \x, #8, \x
    strb \x, [r10], #1
.endm

    .section .text.cnnc_row_pairs, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(row_pairs)
    .hidden CNNC_SYMBOL(row_pairs)
    .type CNNC_SYMBOL(row_pairs), %function
    .thumb_func
CNNC_SYMBOL(row_pairs):
    push {r4-r11, lr}
    sub sp, #STACK_FRAME
    str r0, [sp, #STACK_INPUTS]
    add r4, r0, r2, lsl #1
    str r4, [sp, #STACK_INPUTS_END]
    /* The first turn of the loop takes the units that make no whole turn. */
    lsrs r4, r2, #3
    ands r4, r4, #(UNITS_PER_TURN - 1)
    it eq
    moveq r4, #UNITS_PER_TURN
    movs r5, #UNIT_BYTES
    adr.w r6, 3f
    mls r6, r4, r5, r6
    orr r6, r6, #1
    str r6, [sp, #STACK_ENTRY]
    str r3, [sp, #STACK_OUTPUT]
    ldr r4, [sp, #STACK_ARGUMENT_CHANNELS]
    and r5, r4, #3
    str r5, [sp, #STACK_LEFT]
    add r3, r3, r4
    subs r3, r3, r5
    str r3, [sp, #STACK_OUTPUT_END]
1:
    ldm BLOCKS!, {BOTH_0, LOW_0, BOTH_1, LOW_1}
    ldr INPUTS, [sp, #STACK_INPUTS]
    ldr pc, [sp, #STACK_ENTRY]
    .balign 4
2:
    .rept UNITS_PER_TURN
    ldm INPUTS!, {r10, r11, r12, lr}
    row_products r10, r11
    row_products r12, lr
    .endr
3:
    ldr r6, [sp, #STACK_INPUTS_END]
    cmp INPUTS, r6
    bne 2b
    ldr r10, [sp, #STACK_OUTPUT]
    ldr r11, [sp, #STACK_ARGUMENT_SIGN]
    subs BOTH_0, BOTH_0, LOW_0
    subs BOTH_1, BOTH_1, LOW_1
    lsls LOW_0, LOW_0, #8
    lsls LOW_1, LOW_1, #8
    row_result BOTH_0
    row_result LOW_0
    row_result BOTH_1
    row_result LOW_1
    ldr r6, [sp, #STACK_OUTPUT_END]
    str r10, [sp, #STACK_OUTPUT]
    cmp r10, r6
    bne 1b
    /* Channels that are left are in a block with some that were computed before. */
    ldr r0, [sp, #STACK_LEFT]
    cbz r0, 4f
    add r6, r10, r0
    sub r10, r6, #4
    movs r0, #0
    str r0, [sp, #STACK_LEFT]
    str r6, [sp, #STACK_OUTPUT_END]
    str r10, [sp, #STACK_OUTPUT]
    b 1b
4:
    add sp, #STACK_FRAME
    pop {r4-r11, pc}
    .size CNNC_SYMBOL(row_pairs), . - CNNC_SYMBOL(row_pairs)

    .section .text.cnnc_expand_row, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(expand_row)
    .hidden CNNC_SYMBOL(expand_row)
    .type CNNC_SYMBOL(expand_row), %function
    .thumb_func
CNNC_SYMBOL(expand_row):
    push {r4, r5, r6, lr}
1:
    ldr r4, [r1], #4
    ldr r6, [r1], #4
    sxtb16 r3, r4
    sxtb16 r4, r4, ror #8
    sxtb16 r5, r6
    sxtb16 r6, r6, ror #8
    stm r0!, {r3-r6}
    subs r2, #1
    bne 1b
    pop {r4, r5, r6, pc}
    .size CNNC_SYMBOL(expand_row), . - CNNC_SYMBOL(expand_row)

#endif

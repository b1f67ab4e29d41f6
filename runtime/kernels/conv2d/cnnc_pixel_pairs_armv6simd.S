/* SPDX-License-Identifier: MIT-0 */
/* Pairs of pixels times pairs of channels on Armv6; cnnc_pixel_pairs_armv6simd.h has it in C. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_ARMV6SIMD

    .syntax unified
    .arm

/* Sums are named by pixel and channel. */
#define INPUTS r0
#define WEIGHTS r1
#define SUM_00 r2
#define SUM_01 r3
#define SUM_10 r4
#define SUM_11 r5

/* The stack frame; what a tile's end loads at once lies together. */
#define STACK_BLOCK 0
#define STACK_OUTPUT 4
#define STACK_STEP 8
#define STACK_SECOND 12 /* from the first channel of a pair to the second; 0 where it is alone */
#define STACK_INPUTS_END 16
#define STACK_WEIGHTS_END 20
#define STACK_ENTRY 24
#define STACK_INPUTS 28
#define STACK_CHANNELS 32 /* left, without the current pair */
#define STACK_FIRST_OUTPUT 36
#define STACK_BLOCK_BYTES 40
#define STACK_AFTER_TURN 44
#define STACK_FORMULA 48
#define STACK_FRAME 52

#define UNITS_PER_TURN 16
#define UNIT_BYTES 40

/* Four inputs of two pixels times two channels. Sums of pixel 1 go on from other registers where a
 * tile begins. */
.macro products sum_10=SUM_10, sum_11=SUM_11
    ldm INPUTS!, {r10, r11, r12, lr}
    smlad SUM_10, r11, r6, \sum_10
    smlad SUM_11, r11, r7, \sum_11
    smlad SUM_00, r10, r6, SUM_00
    smlad SUM_01, r10, r7, SUM_01
    smlad SUM_10, lr, r8, SUM_10
    smlad SUM_11, lr, r9, SUM_11
    smlad SUM_00, r12, r8, SUM_00
    smlad SUM_01, r12, r9, SUM_01
.endm

/* r6..r9: the channel's multiplier, constant, sign and shift. */
.macro exact_result sum
    and r10, r8, \sum, asr #31
    sub r10, r7, r10
    smmla \sum, \sum, r6, r10
    asr \sum, \sum, r9
    ssat \sum, #8, \sum
.endm

    .section .text.cnnc_pixel_panel, "ax", %progbits
    .p2align 2
    .global CNNC_SYMBOL(pixel_panel)
    .hidden CNNC_SYMBOL(pixel_panel)
    .type CNNC_SYMBOL(pixel_panel), %function
CNNC_SYMBOL(pixel_panel):
    push {r4-r11, lr}
    sub sp, sp, #STACK_FRAME
    ldm r3, {r4-r8}              /* depth, pairs, step, channels, exact */
    str r1, [sp, #STACK_BLOCK]
    str r2, [sp, #STACK_OUTPUT]
    str r2, [sp, #STACK_FIRST_OUTPUT]
    str r0, [sp, #STACK_INPUTS]
    str r6, [sp, #STACK_STEP]
    mul r9, r4, r5
    add r9, r0, r9, lsl #2
    str r9, [sp, #STACK_INPUTS_END]
    add r9, r1, r4, lsl #2
    add r9, r9, #8
    str r9, [sp, #STACK_WEIGHTS_END]
    lsl r9, r4, #2
    add r9, r9, #24              /* initial sums, constants of the line formula */
    adr r11, 3f
    adr r12, 8f
    cmp r8, #0
    addne r9, r9, #16
    adrne r12, 7f
    str r9, [sp, #STACK_BLOCK_BYTES]
    str r12, [sp, #STACK_FORMULA]
    subs r7, r7, #2
    str r7, [sp, #STACK_CHANNELS]
    mov r9, #1
    movmi r9, #0
    str r9, [sp, #STACK_SECOND]
    /* A tile's first unit is apart. Its first turn takes all the others where they make one turn at
     * most, so that results follow; otherwise those that make no whole turn, or none. */
    lsr r4, r4, #2
    sub r4, r4, #1
    cmp r4, #UNITS_PER_TURN
    movhi r12, r11
    andhi r4, r4, #UNITS_PER_TURN - 1
    str r12, [sp, #STACK_AFTER_TURN]
    mov r9, #UNIT_BYTES
    mul r9, r4, r9
    sub r10, r11, #4
    sub r10, r10, r9
    str r10, [sp, #STACK_ENTRY]
1:
    ldr WEIGHTS, [sp, #STACK_BLOCK]
2:
    ldm WEIGHTS!, {SUM_00, SUM_01, r6, r7, r8, r9}
    products SUM_00, SUM_01
    ldr pc, [sp, #STACK_ENTRY]
4:
    .rept UNITS_PER_TURN
    ldm WEIGHTS!, {r6, r7, r8, r9}
    products
    .endr
    ldr pc, [sp, #STACK_AFTER_TURN]
3:
    ldr r6, [sp, #STACK_WEIGHTS_END]
    cmp WEIGHTS, r6
    bne 4b
    ldr pc, [sp, #STACK_FORMULA]
8:  /* The line formula. */
    ldm WEIGHTS, {r6, r7, r8, r9}
    smmla SUM_00, SUM_00, r6, r7
    smmla SUM_10, SUM_10, r6, r7
    smmla SUM_01, SUM_01, r8, r9
    smmla SUM_11, SUM_11, r8, r9
    ssat SUM_00, #8, SUM_00, asr #12
    ssat SUM_10, #8, SUM_10, asr #12
    ssat SUM_01, #8, SUM_01, asr #12
    ssat SUM_11, #8, SUM_11, asr #12
5:  /* Results are stored, those that are dropped before the others. */
    ldm sp, {WEIGHTS, r6, r7, r8, r9}
    strb SUM_01, [r6, r8]
    strb SUM_00, [r6], r7
    strb SUM_11, [r6, r8]
    strb SUM_10, [r6], r7
    str r6, [sp, #STACK_OUTPUT]
    cmp INPUTS, r9
    bne 2b
    /* The next pair of channels. */
    ldr r2, [sp, #STACK_CHANNELS]
    cmp r2, #0
    ble 6f
    ldr INPUTS, [sp, #STACK_INPUTS]
    ldr r3, [sp, #STACK_BLOCK_BYTES]
    ldr r4, [sp, #STACK_WEIGHTS_END]
    ldr r5, [sp, #STACK_FIRST_OUTPUT]
    add WEIGHTS, WEIGHTS, r3
    add r4, r4, r3
    subs r2, r2, #2
    add r5, r5, #2
    submi r5, r5, #1
    str WEIGHTS, [sp, #STACK_BLOCK]
    str r4, [sp, #STACK_WEIGHTS_END]
    str r2, [sp, #STACK_CHANNELS]
    str r5, [sp, #STACK_FIRST_OUTPUT]
    str r5, [sp, #STACK_OUTPUT]
    b 2b
6:
    add sp, sp, #STACK_FRAME
    pop {r4-r11, pc}
7:  /* The exact formula. */
    ldm WEIGHTS!, {r6, r7, r8, r9}
    exact_result SUM_00
    exact_result SUM_10
    ldm WEIGHTS, {r6, r7, r8, r9}
    exact_result SUM_01
    exact_result SUM_11
    b 5b
    .size CNNC_SYMBOL(pixel_panel), . - CNNC_SYMBOL(pixel_panel)

/* Four bytes of two pixels become eight halfwords. */
.macro expand_word
    ldr r8, [r1], #4
    ldr r9, [r2], #4
    sxtb16 r6, r8
    sxtb16 r7, r9
    sxtb16 r8, r8, ror #8
    sxtb16 r9, r9, ror #8
    stm r0!, {r6, r7, r8, r9}
.endm

    .section .text.cnnc_expand_pixel_pair, "ax", %progbits
    .p2align 2
    .global CNNC_SYMBOL(expand_pixel_pair)
    .hidden CNNC_SYMBOL(expand_pixel_pair)
    .type CNNC_SYMBOL(expand_pixel_pair), %function
CNNC_SYMBOL(expand_pixel_pair):
    push {r4-r9, lr}
    ldm r3, {r3, r4, r5}         /* words, rows, stride */
    sub r5, r5, r3, lsl #2
1:
    ands r12, r3, #3
    beq 3f
2:
    expand_word
    subs r12, r12, #1
    bne 2b
3:
    subs r12, r3, #4
    bmi 5f
4:
    expand_word
    expand_word
    expand_word
    expand_word
    subs r12, r12, #4
    bpl 4b
5:
    add r1, r1, r5
    add r2, r2, r5
    subs r4, r4, #1
    bne 1b
    pop {r4-r9, pc}
    .size CNNC_SYMBOL(expand_pixel_pair), . - CNNC_SYMBOL(expand_pixel_pair)

#endif

/* SPDX-License-Identifier: MIT-0 */
/* One row times four channels at a time on Armv6; cnnc_row_blocks_armv6simd.h has it in C. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_ARMV6SIMD

    .syntax unified
    .arm

#define HALVES r0
#define WEIGHTS r1
#define SUM_0 r2
#define SUM_1 r3
#define SUM_2 r4
#define SUM_3 r5

/* The stack frame; what a block's end loads at once lies together. */
#define STACK_HALVES 0
#define STACK_OUTPUT 4
#define STACK_BLOCKS 8 /* left */
#define STACK_HALVES_END 12
#define STACK_ENTRY 16
#define STACK_AFTER_TURN 20
#define STACK_FORMULA 24
#define STACK_FRAME 28

#define UNITS_PER_TURN 8
#define UNIT_BYTES 84

/* Two values times four channels. */
.macro products values
    smlad SUM_0, \values, r6, SUM_0
    smlad SUM_1, \values, r7, SUM_1
    smlad SUM_2, \values, r8, SUM_2
    smlad SUM_3, \values, r9, SUM_3
.endm

/* The channel's multiplier, constant, sign and shift are next. */
.macro exact_result sum
    ldm WEIGHTS!, {r6, r7, r8, r9}
    and r10, r8, \sum, asr #31
    sub r10, r7, r10
    smmla \sum, \sum, r6, r10
    asr \sum, \sum, r9
    ssat \sum, #8, \sum
.endm

    .section .text.cnnc_row_blocks, "ax", %progbits
    .p2align 2
    .global CNNC_SYMBOL(row_blocks)
    .hidden CNNC_SYMBOL(row_blocks)
    .type CNNC_SYMBOL(row_blocks), %function
CNNC_SYMBOL(row_blocks):
    push {r4-r11, lr}
    sub sp, sp, #STACK_FRAME
    ldm r3, {r4, r5, r6}         /* depth, blocks, exact */
    add r7, r0, r4, lsl #1
    adr r11, 3f
    adr r12, 8f
    cmp r6, #0
    adrne r12, 7f
    str r12, [sp, #STACK_FORMULA]
    /* The first turn takes the units that make no whole turn, or all of one; where it is the only
     * one, results follow. */
    lsr r4, r4, #3
    cmp r4, #UNITS_PER_TURN
    movhi r12, r11
    str r12, [sp, #STACK_AFTER_TURN]
    sub r4, r4, #1
    and r4, r4, #UNITS_PER_TURN - 1
    add r4, r4, #1
    mov r9, #UNIT_BYTES
    mul r9, r4, r9
    sub r8, r11, #4
    sub r8, r8, r9
    str r0, [sp, #STACK_HALVES]
    str r2, [sp, #STACK_OUTPUT]
    str r5, [sp, #STACK_BLOCKS]
    str r7, [sp, #STACK_HALVES_END]
    str r8, [sp, #STACK_ENTRY]
1:
    ldm WEIGHTS!, {SUM_0, SUM_1, SUM_2, SUM_3}
    ldr pc, [sp, #STACK_ENTRY]
4:
    .rept UNITS_PER_TURN
    ldm HALVES!, {r10, r11, r12, lr}
    ldm WEIGHTS!, {r6, r7, r8, r9}
    products r10
    ldm WEIGHTS!, {r6, r7, r8, r9}
    products r11
    ldm WEIGHTS!, {r6, r7, r8, r9}
    products r12
    ldm WEIGHTS!, {r6, r7, r8, r9}
    products lr
    .endr
    ldr pc, [sp, #STACK_AFTER_TURN]
3:
    ldr r6, [sp, #STACK_HALVES_END]
    cmp HALVES, r6
    bne 4b
    ldr pc, [sp, #STACK_FORMULA]
8:  /* The line formula. */
    ldm WEIGHTS!, {r6-r12, lr}
    smmla SUM_0, SUM_0, r6, r7
    smmla SUM_1, SUM_1, r8, r9
    smmla SUM_2, SUM_2, r10, r11
    smmla SUM_3, SUM_3, r12, lr
    ssat SUM_0, #8, SUM_0, asr #12
    ssat SUM_1, #8, SUM_1, asr #12
    ssat SUM_2, #8, SUM_2, asr #12
    ssat SUM_3, #8, SUM_3, asr #12
5:
    ldm sp, {HALVES, r6, r7}
    strb SUM_0, [r6], #1
    strb SUM_1, [r6], #1
    strb SUM_2, [r6], #1
    strb SUM_3, [r6], #1
    str r6, [sp, #STACK_OUTPUT]
    subs r7, r7, #1
    str r7, [sp, #STACK_BLOCKS]
    bne 1b
    add sp, sp, #STACK_FRAME
    pop {r4-r11, pc}
7:  /* The exact formula. */
    exact_result SUM_0
    exact_result SUM_1
    exact_result SUM_2
    exact_result SUM_3
    b 5b
    .size CNNC_SYMBOL(row_blocks), . - CNNC_SYMBOL(row_blocks)

    .section .text.cnnc_expand_row, "ax", %progbits
    .p2align 2
    .global CNNC_SYMBOL(expand_row)
    .hidden CNNC_SYMBOL(expand_row)
    .type CNNC_SYMBOL(expand_row), %function
CNNC_SYMBOL(expand_row):
    push {r4, r5, r6, lr}
1:
    ldr r4, [r1], #4
    ldr r6, [r1], #4
    sxtb16 r3, r4
    sxtb16 r4, r4, ror #8
    sxtb16 r5, r6
    sxtb16 r6, r6, ror #8
    stm r0!, {r3, r4, r5, r6}
    subs r2, r2, #8
    bne 1b
    pop {r4, r5, r6, pc}
    .size CNNC_SYMBOL(expand_row), . - CNNC_SYMBOL(expand_row)

#endif

/* SPDX-License-Identifier: MIT-0 */
/* One pixel of a depthwise convolution on Armv6; cnnc_depthwise_taps_armv6simd.h has it in C. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_ARMV6SIMD

    .syntax unified
    .arm

#define SOURCES r0
#define WEIGHTS r1
#define SUM_0 r2
#define SUM_1 r3
#define SUM_2 r4
#define SUM_3 r5
#define CHANNEL r12
#define SOURCES_END lr

/* The stack frame. */
#define STACK_SOURCES 0
#define STACK_SOURCES_END 4
#define STACK_CHANNEL 8
#define STACK_OUTPUT 12
#define STACK_LAST 16 /* channel that the last four begin with */
#define STACK_EXACT 20
#define STACK_FRAME 24

/* The channel's multiplier, constant, sign and shift are next. */
.macro exact_result sum
    ldm WEIGHTS!, {r6, r7, r8, r9}
    and r10, r8, \sum, asr #31
    sub r10, r7, r10
    smmla \sum, \sum, r6, r10
    asr \sum, \sum, r9
    ssat \sum, #8, \sum
.endm

    .section .text.cnnc_depthwise_taps, "ax", %progbits
    .p2align 2
    .global CNNC_SYMBOL(depthwise_taps)
    .hidden CNNC_SYMBOL(depthwise_taps)
    .type CNNC_SYMBOL(depthwise_taps), %function
CNNC_SYMBOL(depthwise_taps):
    push {r4-r11, lr}
    sub sp, sp, #STACK_FRAME
    ldm r3, {r4, r5, r6}         /* taps, channels, exact */
    add SOURCES_END, r0, r4, lsl #2
    sub r5, r5, #4
    mov CHANNEL, #0
    str r0, [sp, #STACK_SOURCES]
    str SOURCES_END, [sp, #STACK_SOURCES_END]
    str r2, [sp, #STACK_OUTPUT]
    str r5, [sp, #STACK_LAST]
    str r6, [sp, #STACK_EXACT]
1:
    str CHANNEL, [sp, #STACK_CHANNEL]
    ldm WEIGHTS!, {SUM_0, SUM_1, SUM_2, SUM_3}
2:
    ldm SOURCES!, {r6, r7}
    ldr r6, [r6, CHANNEL]
    ldr r7, [r7, CHANNEL]
    ldm WEIGHTS!, {r10, r11}
    pkhbt r8, r6, r7, lsl #16    /* channels 0 and 1 of both taps */
    pkhtb r9, r7, r6, asr #16    /* channels 2 and 3 */
    sxtb16 r6, r8
    sxtb16 r7, r8, ror #8
    smlad SUM_0, r6, r10, SUM_0
    smlad SUM_1, r7, r11, SUM_1
    ldm WEIGHTS!, {r10, r11}
    sxtb16 r8, r9
    sxtb16 r9, r9, ror #8
    cmp SOURCES, SOURCES_END
    smlad SUM_2, r8, r10, SUM_2
    smlad SUM_3, r9, r11, SUM_3
    bne 2b
    ldr r6, [sp, #STACK_EXACT]
    cmp r6, #0
    bne 4f
    /* The line formula. */
    ldm WEIGHTS!, {r6-r12, lr}
    smmla SUM_0, SUM_0, r6, r7
    smmla SUM_1, SUM_1, r8, r9
    smmla SUM_2, SUM_2, r10, r11
    smmla SUM_3, SUM_3, r12, lr
    ssat SUM_0, #8, SUM_0, asr #12
    ssat SUM_1, #8, SUM_1, asr #12
    ssat SUM_2, #8, SUM_2, asr #12
    ssat SUM_3, #8, SUM_3, asr #12
3:
    ldm sp, {SOURCES, r6, r7, r8, r9} /* end of the sources, channel, output, last channel */
    mov SOURCES_END, r6
    add CHANNEL, r7, #4
    strb SUM_0, [r8, r7]!
    strb SUM_1, [r8, #1]
    strb SUM_2, [r8, #2]
    strb SUM_3, [r8, #3]
    cmp CHANNEL, r9
    ble 1b
    /* Fewer than four that are left are computed with some before them. */
    cmp r7, r9
    mov CHANNEL, r9
    bne 1b
    add sp, sp, #STACK_FRAME
    pop {r4-r11, pc}
4:  /* The exact formula. */
    exact_result SUM_0
    exact_result SUM_1
    exact_result SUM_2
    exact_result SUM_3
    b 3b
    .size CNNC_SYMBOL(depthwise_taps), . - CNNC_SYMBOL(depthwise_taps)

#endif

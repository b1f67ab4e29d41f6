/* SPDX-License-Identifier: MIT-0 */
/* Three pixels times pairs of channels on Armv7E-M; cnnc_channel_pairs_dsp.h has the same in C. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_DSP

    .syntax unified
    .thumb

/* Registers while products are summed. */
#define INPUTS r0
#define BLOCKS r1
#define HIGH_0 r2
#define HIGH_1 r3
#define HIGH_2 r4
#define LOW_0 r5
#define LOW_1 r6
#define LOW_2 r7
#define WEIGHTS_A r8
#define WEIGHTS_B r9
#define INPUT_0 r10
#define INPUT_1 r11
#define INPUT_2 r12
#define INPUTS_END lr

/* Registers while pixels are expanded. */
#define TARGET r0
#define PIXEL_0 r1
#define PIXEL_1 r2
#define PIXEL_2 r3
#define WORDS r10
#define ROWS r11
#define ADVANCE r12
#define COUNT lr

/* The stack frame; what is loaded at once lies together. */
#define STACK_INPUTS 0
#define STACK_OUTPUT 4
#define STACK_STEP 8
#define STACK_OUTPUT_END 12
#define STACK_ENTRY 16
#define STACK_ODD 20
#define STACK_INPUTS_END 24
#define STACK_BLOCKS 28
#define STACK_CHANNELS 32
#define STACK_SIGN 36
#define STACK_TRIPLES 40
#define STACK_PIXELS 44 /* pixel step, words, rows and advance follow */
#define STACK_REST_STEP 64
#define STACK_RETURN 68
#define STACK_FRAME 72

#define UNITS_PER_TURN 8
#define UNIT_BYTES 68

/* Two inputs of three pixels times the pair of channels in one word. Sums of pixels 1 and 2 go on
 * from other registers where a block begins. */
.macro pair_products weights, high_1=HIGH_1, high_2=HIGH_2, low_1=LOW_1, low_2=LOW_2
    ldm INPUTS!, {INPUT_0, INPUT_1, INPUT_2}
    smlad HIGH_1, INPUT_1, \weights, \high_1
    smlad HIGH_2, INPUT_2, \weights, \high_2
    smlad HIGH_0, INPUT_0, \weights, HIGH_0
    sxtb16 \weights, \weights
    smlad LOW_1, INPUT_1, \weights, \low_1
    smlad LOW_2, INPUT_2, \weights, \low_2
    smlad LOW_0, INPUT_0, \weights, LOW_0
.endm

/* x becomes the saturated result of the exact formula; r8, r9, r10 are the channel's multiplier,
 * constant and shift, r12 is the sign's share. */
.macro exact_result x
    and r11, r12, \x, asr #31
    smmla \x, \x, r8, r9
    subs \x, \x, r11
    asrs \x, \x, r10
    ssat \x, #8, \x
.endm

/* The last bytes of a pixel's three runs, of which the pointer is behind the last; r10 is the step
 * from one run to the one before it. */
.macro expand_rest pixel, even, odd
    sub \pixel, \pixel, ADVANCE
    ldrsb \odd, [\pixel, r10]
    ldrsb \even, [\pixel, r10, lsl #1]
    ldrsb lr, [\pixel]
    uxth \odd, \odd
    pkhbt \even, \even, lr, lsl #16
.endm

    .section .text.cnnc_pairs_results, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(pairs_results)
    .hidden CNNC_SYMBOL(pairs_results)
    .type CNNC_SYMBOL(pairs_results), %function
    .thumb_func
CNNC_SYMBOL(pairs_results):
    push {r4-r11, lr}
    sub sp, #STACK_FRAME
    str r1, [sp, #STACK_BLOCKS]
    str r2, [sp, #STACK_OUTPUT]
    /* Depth, step, channels, sign, triples, pixels, pixel step, words, rows; stride, rest step. */
    ldrd lr, r4, [r3, #36]
    str r4, [sp, #STACK_REST_STEP]
    ldm r3, {r4-r12}
    sub lr, lr, r11, lsl #2
    add r3, sp, #STACK_CHANNELS
    stm r3, {r6-r12, lr}
    str r5, [sp, #STACK_STEP]
    /* The block's first unit is apart. The first turn of the loop takes those that make no whole
     * turn, or none. */
    add r8, r4, r4, lsl #1
    add r8, r0, r8, lsl #1
    /* One less for the exact formula: INPUTS then ends behind it. */
    sub r8, r8, #1
    sub r8, r8, r7, asr #31
    str r8, [sp, #STACK_INPUTS_END]
    lsrs r4, r4, #2
    subs r4, #1
    and r4, r4, #UNITS_PER_TURN - 1
    movs r9, #UNIT_BYTES
    adr.w r10, 3f
    mls r10, r4, r9, r10
    adds r10, #1
    str r0, [sp, #STACK_INPUTS]
    str r10, [sp, #STACK_ENTRY]
    ldr r5, [sp, #STACK_TRIPLES]
    cbz r5, 5f
4:
    ldr TARGET, [sp, #STACK_INPUTS]
    add r8, sp, #STACK_PIXELS
    ldm r8, {PIXEL_0, r9, WORDS, ROWS, ADVANCE}
    add PIXEL_1, PIXEL_0, r9
    add PIXEL_2, PIXEL_1, r9
    add r9, PIXEL_2, r9
    str r9, [sp, #STACK_PIXELS]
    bl cnnc_expand_triple
    ldr r10, [sp, #STACK_REST_STEP]
    cmp r10, #0
    beq 5f
    expand_rest PIXEL_0, r4, r7
    expand_rest PIXEL_1, r5, r8
    expand_rest PIXEL_2, r6, r9
    stm TARGET, {r4-r9}
5:
    ldr INPUTS, [sp, #STACK_INPUTS]
    ldr BLOCKS, [sp, #STACK_BLOCKS]
    ldr INPUTS_END, [sp, #STACK_INPUTS_END]
    ldr r4, [sp, #STACK_CHANNELS]
    ldr r5, [sp, #STACK_OUTPUT]
    and r6, r4, #1
    subs r4, r4, r6
    adds r5, r5, r4
    str r5, [sp, #STACK_OUTPUT_END]
    str r6, [sp, #STACK_ODD]
    b 1f
    .balign 4
2:
    .rept UNITS_PER_TURN
    ldrd WEIGHTS_A, WEIGHTS_B, [BLOCKS], #8
    pair_products WEIGHTS_A
    pair_products WEIGHTS_B
    .endr
3:
    cmp INPUTS, INPUTS_END
    blo 2b
    bhi 8f
    /* The line formula. */
    ldm BLOCKS!, {r8, r9, r10}
    subs HIGH_0, HIGH_0, LOW_0
    subs HIGH_1, HIGH_1, LOW_1
    subs HIGH_2, HIGH_2, LOW_2
    smmla HIGH_0, HIGH_0, r8, r10
    smmla HIGH_1, HIGH_1, r8, r10
    smmla HIGH_2, HIGH_2, r8, r10
    smmla LOW_0, LOW_0, r9, r10
    smmla LOW_1, LOW_1, r9, r10
    smmla LOW_2, LOW_2, r9, r10
    ssat HIGH_0, #8, HIGH_0, asr #12
    ssat HIGH_1, #8, HIGH_1, asr #12
    ssat HIGH_2, #8, HIGH_2, asr #12
    ssat LOW_0, #8, LOW_0, asr #4
    ssat LOW_1, #8, LOW_1, asr #4
    ssat LOW_2, #8, LOW_2, asr #4
9:  /* Results are stored. */
    ldm sp, {INPUTS, r10, r11, r12}
    bfi HIGH_2, LOW_2, #8, #8
    bfi HIGH_1, LOW_1, #8, #8
    bfi HIGH_0, LOW_0, #8, #8
    strh HIGH_2, [r10, r11, lsl #1]
    strh HIGH_1, [r10, r11]
    strh HIGH_0, [r10], #2
    str r10, [sp, #STACK_OUTPUT]
    cmp r10, r12
    beq 6f
1:
    ldm BLOCKS!, {HIGH_0, LOW_0, WEIGHTS_A, WEIGHTS_B}
    pair_products WEIGHTS_A, HIGH_0, HIGH_0, LOW_0, LOW_0
    pair_products WEIGHTS_B
    ldr pc, [sp, #STACK_ENTRY]
6:
    ldr r8, [sp, #STACK_ODD]
    cmp r8, #0
    beq 7f
    add r8, r10, #1
    subs r10, #1
    movs r9, #0
    str r9, [sp, #STACK_ODD]
    str r8, [sp, #STACK_OUTPUT_END]
    str r10, [sp, #STACK_OUTPUT]
    b 1b
7:
    ldr r8, [sp, #STACK_TRIPLES]
    add r10, r10, r11, lsl #1
    str r10, [sp, #STACK_OUTPUT]
    subs r8, #1
    str r8, [sp, #STACK_TRIPLES]
    bgt 4b
    add sp, #STACK_FRAME
    pop {r4-r11, pc}
    /* The exact formula. */
8:
    ldr r12, [sp, #STACK_SIGN]
    subs HIGH_0, HIGH_0, LOW_0
    subs HIGH_1, HIGH_1, LOW_1
    subs HIGH_2, HIGH_2, LOW_2
    lsls LOW_0, LOW_0, #8
    lsls LOW_1, LOW_1, #8
    lsls LOW_2, LOW_2, #8
    ldm BLOCKS!, {r8, r9, r10}
    exact_result HIGH_0
    exact_result HIGH_1
    exact_result HIGH_2
    ldm BLOCKS!, {r8, r9, r10}
    exact_result LOW_0
    exact_result LOW_1
    exact_result LOW_2
    b 9b
    .size CNNC_SYMBOL(pairs_results), . - CNNC_SYMBOL(pairs_results)

/* Four bytes of three pixels become twelve halfwords. */
.macro expand_word
    ldr r7, [PIXEL_0], #4
    ldr r8, [PIXEL_1], #4
    ldr r9, [PIXEL_2], #4
    sxtb16 r4, r7
    sxtb16 r5, r8
    sxtb16 r6, r9
    sxtb16 r7, r7, ror #8
    sxtb16 r8, r8, ror #8
    sxtb16 r9, r9, ror #8
    stm TARGET!, {r4-r9}
.endm

    .section .text.cnnc_expand_triple, "ax", %progbits
    .balign 4
    .type cnnc_expand_triple, %function
    .thumb_func
/* Expands rows of words from three pixels on; STACK_FRAME is the caller's. */
cnnc_expand_triple:
    str lr, [sp, #STACK_RETURN]
1:
    adds COUNT, WORDS, #1
    tst WORDS, #1
    bne 3f
    subs COUNT, #1
2:
    expand_word
3:
    expand_word
    subs COUNT, #2
    bne 2b
    add PIXEL_0, PIXEL_0, ADVANCE
    add PIXEL_1, PIXEL_1, ADVANCE
    add PIXEL_2, PIXEL_2, ADVANCE
    subs ROWS, #1
    bne 1b
    ldr pc, [sp, #STACK_RETURN]
    .size cnnc_expand_triple, . - cnnc_expand_triple

    .section .text.cnnc_expand_pixels, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(expand_pixels)
    .hidden CNNC_SYMBOL(expand_pixels)
    .type CNNC_SYMBOL(expand_pixels), %function
    .thumb_func
CNNC_SYMBOL(expand_pixels):
    push {r4-r11, lr}
    sub sp, #STACK_FRAME
    ldm r2, {WORDS, ROWS, ADVANCE}
    ldm r1, {PIXEL_0, PIXEL_1, PIXEL_2}
    sub ADVANCE, ADVANCE, WORDS, lsl #2
    bl cnnc_expand_triple
    add sp, #STACK_FRAME
    pop {r4-r11, pc}
    .size CNNC_SYMBOL(expand_pixels), . - CNNC_SYMBOL(expand_pixels)

#endif

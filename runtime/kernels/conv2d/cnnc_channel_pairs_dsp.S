/* SPDX-License-Identifier: MIT-0 */
/* Three pixels times pairs of channels on Armv7E-M; cnnc_channel_pairs_dsp.h has the same in C. */
#include "cnnc_common.h"

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)

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

/* Words on the stack. */
#define STACK_INPUTS 0
#define STACK_ENTRY 4
#define STACK_OUTPUT 8
#define STACK_STEP 12
#define STACK_OUTPUT_END 16
#define STACK_ODD 20
#define STACK_SIGN 24
#define STACK_FRAME 28

#define UNITS_PER_TURN 8
#define UNIT_BYTES 68

/* Two inputs of three pixels times the pair of channels in one word. */
.macro pair_products weights
    ldm INPUTS!, {INPUT_0, INPUT_1, INPUT_2}
    smlad HIGH_0, INPUT_0, \weights, HIGH_0
    smlad HIGH_1, INPUT_1, \weights, HIGH_1
    smlad HIGH_2, INPUT_2, \weights, HIGH_2
    sxtb16 \weights, \weights
    smlad LOW_0, INPUT_0, \weights, LOW_0
    smlad LOW_1, INPUT_1, \weights, LOW_1
    smlad LOW_2, INPUT_2, \weights, LOW_2
.endm

/* From the start of the function to where a block's sums are complete: they are left in HIGH_0..2
 * (M) and LOW_0..2 (S).. */
.macro sum_blocks
    push {r4-r11, lr}
    sub sp, #STACK_FRAME
    /* Depth, step, channels and sign. */
    ldm r3, {r4, r5, r6, r7}
    add r8, r4, r4, lsl #1
    add INPUTS_END, r0, r8, lsl #1
    /* The first turn of the loop takes the units that make no whole turn, or all. */
    subs r8, r4, #4
    and r8, r8, #(4 * (UNITS_PER_TURN - 1))
    movs r9, #(UNIT_BYTES / 4)
    adr.w r10, 3f
    mls r10, r8, r9, r10
    sub r10, r10, #(UNIT_BYTES - 1)
    and r11, r6, #1
    subs r6, r6, r11
    add r6, r6, r2
    strd r0, r10, [sp, #STACK_INPUTS]
    strd r2, r5, [sp, #STACK_OUTPUT]
    strd r6, r11, [sp, #STACK_OUTPUT_END]
    str r7, [sp, #STACK_SIGN]
1:
    ldrd HIGH_0, LOW_0, [BLOCKS], #8
    ldr INPUTS, [sp, #STACK_INPUTS]
    mov HIGH_1, HIGH_0
    mov HIGH_2, HIGH_0
    mov LOW_1, LOW_0
    mov LOW_2, LOW_0
    ldr pc, [sp, #STACK_ENTRY]
    .balign 4
2:
    .rept UNITS_PER_TURN
    ldrd WEIGHTS_A, WEIGHTS_B, [BLOCKS], #8
    pair_products WEIGHTS_A
    pair_products WEIGHTS_B
    .endr
3:
    cmp INPUTS, INPUTS_END
    bne 2b
.endm

/* Stores the six results and goes on with the next block; returns behind the last. An odd last
 * channel is in a block with the one before it, which is computed again. */
.macro store_blocks
    ldrd r11, r12, [sp, #STACK_OUTPUT]
    strb HIGH_2, [r11, r12, lsl #1]
    strb HIGH_1, [r11, r12]
    strb HIGH_0, [r11], #1
    strb LOW_2, [r11, r12, lsl #1]
    strb LOW_1, [r11, r12]
    strb LOW_0, [r11], #1
    ldr r8, [sp, #STACK_OUTPUT_END]
    str r11, [sp, #STACK_OUTPUT]
    cmp r11, r8
    bne 1b
    ldr r0, [sp, #STACK_ODD]
    cbz r0, 4f
    add r8, r11, #1
    subs r11, #1
    movs r0, #0
    str r0, [sp, #STACK_ODD]
    str r8, [sp, #STACK_OUTPUT_END]
    str r11, [sp, #STACK_OUTPUT]
    b 1b
4:
    add sp, #STACK_FRAME
    pop {r4-r11, pc}
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

    .section .text.cnnc_pairs_line, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(pairs_line)
    .type CNNC_SYMBOL(pairs_line), %function
    .thumb_func
CNNC_SYMBOL(pairs_line):
    sum_blocks
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
    store_blocks
    .size CNNC_SYMBOL(pairs_line), . - CNNC_SYMBOL(pairs_line)

    .section .text.cnnc_pairs_exact, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(pairs_exact)
    .type CNNC_SYMBOL(pairs_exact), %function
    .thumb_func
CNNC_SYMBOL(pairs_exact):
    sum_blocks
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
    store_blocks
    .size CNNC_SYMBOL(pairs_exact), . - CNNC_SYMBOL(pairs_exact)

/* Registers while pixels are expanded. */
#define TARGET r0
#define PIXEL_0 r1
#define PIXEL_1 r2
#define PIXEL_2 r3
#define WORDS r10
#define ROWS r11
#define ADVANCE r12
#define COUNT lr

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

    .section .text.cnnc_expand_pixels, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(expand_pixels)
    .type CNNC_SYMBOL(expand_pixels), %function
    .thumb_func
CNNC_SYMBOL(expand_pixels):
    push {r4-r11, lr}
    ldm r2, {WORDS, ROWS, ADVANCE}
    ldm r1, {PIXEL_0, PIXEL_1, PIXEL_2}
    sub ADVANCE, ADVANCE, WORDS, lsl #2
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
    pop {r4-r11, pc}
    .size CNNC_SYMBOL(expand_pixels), . - CNNC_SYMBOL(expand_pixels)

#endif

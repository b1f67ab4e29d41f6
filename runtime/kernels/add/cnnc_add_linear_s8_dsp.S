/* SPDX-License-Identifier: MIT-0 */
/* The assembly beside cnnc_add_linear_s8_dsp.h, which says what the function does. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_SIMD32
#include "cnnc_arm_modes.h"

    .section .text.cnnc_add_linear_words_dsp, "ax", %progbits
    .global CNNC_SYMBOL(cnnc_add_linear_words_dsp)
    .hidden CNNC_SYMBOL(cnnc_add_linear_words_dsp)
    .type CNNC_SYMBOL(cnnc_add_linear_words_dsp), %function
    .p2align 2
CNNC_SYMBOL(cnnc_add_linear_words_dsp):
    push {r4-r11, lr}
    ldmia r0, {r4-r7}                 /* size, multipliers of first and second, addend */
    lsrs r4, r4, #2
    beq 2f
#if defined(__thumb__)
    mov r0, #0xFF00FF00
#else
    mov r0, #0xFF000000
    orr r0, r0, #0xFF00
#endif
1:  ldr r10, [r1], #4
    ldr r11, [r2], #4
    and r8, r0, r10, lsl #8           /* elements 0 and 2, times 256 */
    and r10, r10, r0                  /* elements 1 and 3 */
    and r9, r0, r11, lsl #8
    and r11, r11, r0
    smlawb r12, r5, r8, r7
    smlawb lr, r5, r10, r7
    smlawt r8, r5, r8, r7
    smlawt r10, r5, r10, r7
    smlawb r12, r6, r9, r12
    smlawb lr, r6, r11, lr
    smlawt r8, r6, r9, r8
    smlawt r10, r6, r11, r10
    ssat r12, #8, r12, asr #21
    ssat lr, #8, lr, asr #21
    ssat r8, #8, r8, asr #21
    ssat r10, #8, r10, asr #21
    strb r12, [r3], #4
    strb lr, [r3, #-3]
    strb r8, [r3, #-2]
    strb r10, [r3, #-1]
    subs r4, r4, #1
    bne 1b
2:  pop {r4-r11, pc}
    .size CNNC_SYMBOL(cnnc_add_linear_words_dsp), . - CNNC_SYMBOL(cnnc_add_linear_words_dsp)
#endif

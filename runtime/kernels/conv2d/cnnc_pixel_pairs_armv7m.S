/* SPDX-License-Identifier: MIT-0 */
/* cnnc_pixel_pairs_armv7m.h says how this differs from cnnc_pixel_pairs_armv6m.S. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && \
    __ARM_ARCH_ISA_THUMB >= 2

    .syntax unified
    .thumb

/* The frame: the fields of struct cnnc_pixel_pairs_armv6m_group, then what a channel needs. */
    .equ PAIRS7_VALUES, 0
    .equ PAIRS7_VALUES_END, 4
    .equ PAIRS7_FOLD_BYTES, 8
    .equ PAIRS7_WEIGHTS, 12     /* minus PAIRS7_VALUES, so that one index serves both */
    .equ PAIRS7_CHANNEL_DATA, 16
    .equ PAIRS7_PARTIALS, 20
    .equ PAIRS7_OUTPUTS, 24
    .equ PAIRS7_PIXEL_STEP, 40
    .equ PAIRS7_PAIRS, 44
    .equ PAIRS7_CHANNELS, 48
    .equ PAIRS7_MINIMUM, 52
    .equ PAIRS7_MAXIMUM, 56
    .equ PAIRS7_RUNS, 60
    .equ PAIRS7_SIGN_UNIT, 64
    .equ PAIRS7_GENERAL, 68     /* 0 where there is no sign unit and limits are those of int8 */
    .equ PAIRS7_FOLD_STEP, 72
    .equ PAIRS7_CHANNEL, 76
    .equ PAIRS7_FRAME, 80

    .macro PAIRS7_TAP
    ldrsb.n r4, [r7, r6]
    ldm.n r6!, {r0-r3}
    mla r8, r0, r4, r8
    mla r9, r1, r4, r9
    mla r10, r2, r4, r10
    mla r11, r3, r4, r11
    .endm

/* Multiplier r0, offset r1, shift r2; r3 and lr are lost. */
    .macro PAIRS7_SCALE acc
    lsl lr, \acc, #8
    smull r3, lr, lr, r0
    add lr, r1
    asr lr, r2
    ssat \acc, #8, lr
    .endm

    .macro PAIRS7_SCALE_GENERAL acc
    lsl lr, \acc, #8
    smull r3, lr, lr, r0
    ldr r3, [sp, #PAIRS7_SIGN_UNIT]
    and r3, r3, \acc, asr #31
    sub lr, r3
    add lr, r1
    asr \acc, lr, r2
    ldr r3, [sp, #PAIRS7_MINIMUM]
    cmp \acc, r3
    it lt
    movlt \acc, r3
    ldr r3, [sp, #PAIRS7_MAXIMUM]
    cmp \acc, r3
    it gt
    movgt \acc, r3
    .endm

/* Upper and lower sum of a pair; the channel's index is in r12, the pixel step in r8. */
    .macro PAIRS7_PAIR number, scale, upper, lower
    \scale \upper
    \scale \lower
    ldr r5, [sp, #(PAIRS7_OUTPUTS + 4 * \number)]
    add r5, r12
    strb \upper, [r5]
    strb \lower, [r5, r8]
    .endm

    .macro PAIRS7_LAST_PAIR scale
    \scale r12
    \scale r8
    ldr r5, [sp, #(PAIRS7_OUTPUTS + 12)]
    ldr r3, [sp, #PAIRS7_CHANNEL]
    add r5, r3
    strb r12, [r5]
    ldr r3, [sp, #PAIRS7_PIXEL_STEP]
    strb r8, [r5, r3]
    .endm

    .macro PAIRS7_ALL scale
    ldr r5, [sp, #PAIRS7_PAIRS]
    cmp r5, #4
    bne 1f
    PAIRS7_LAST_PAIR \scale
1:  ldr r12, [sp, #PAIRS7_CHANNEL]
    ldr r8, [sp, #PAIRS7_PIXEL_STEP]
    cmp r5, #2
    bls 2f
    PAIRS7_PAIR 2, \scale, r11, r7
    b 3f
2:  bne 4f
3:  PAIRS7_PAIR 1, \scale, r10, r6
4:  PAIRS7_PAIR 0, \scale, r9, r4
    .endm

    .section .text.pixel_pairs_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(pixel_pairs_armv6m)
    .hidden CNNC_SYMBOL(pixel_pairs_armv6m)
    .type CNNC_SYMBOL(pixel_pairs_armv6m), %function
    .thumb_func
CNNC_SYMBOL(pixel_pairs_armv6m):
    push {r4-r11, lr}
    sub sp, #PAIRS7_FRAME
    mov r12, sp
    ldm r0!, {r1-r9}
    stm r12!, {r1-r9}
    ldm r0!, {r1-r8}
    stm r12!, {r1-r8}
    ldr r0, [sp, #PAIRS7_VALUES]
    ldr r1, [sp, #PAIRS7_WEIGHTS]
    subs r1, r0
    str r1, [sp, #PAIRS7_WEIGHTS]
    ldr r0, [sp, #PAIRS7_CHANNELS]
    ldr r1, [sp, #PAIRS7_FOLD_BYTES]
    subs r0, r1
    str r0, [sp, #PAIRS7_FOLD_STEP]
    movs r0, #0
    str r0, [sp, #PAIRS7_CHANNEL]
    ldr r0, [sp, #PAIRS7_MINIMUM]
    ldr r1, [sp, #PAIRS7_MAXIMUM]
    ldr r2, [sp, #PAIRS7_SIGN_UNIT]
    adds r0, #128
    subs r1, #127
    orrs r0, r1
    orrs r0, r2
    str r0, [sp, #PAIRS7_GENERAL]

.Lpairs7_channel:
    ldr r12, [sp, #PAIRS7_RUNS]
    ldr r5, [sp, #PAIRS7_PARTIALS]
    ldr r6, [sp, #PAIRS7_VALUES]
    ldr r7, [sp, #PAIRS7_WEIGHTS]
    ldr lr, [sp, #PAIRS7_FOLD_BYTES]
    add lr, r6

.Lpairs7_run:
    ldrsb r4, [r7, r6]
    mov r11, #32768
    ldm r6!, {r0-r3}
    mla r8, r0, r4, r11
    ldrb r0, [r12], #1
    mla r9, r1, r4, r11
    mla r10, r2, r4, r11
    mla r11, r3, r4, r11
    add pc, r0
    nop
    .rept 10
    PAIRS7_TAP
    .endr
    stm r5!, {r8-r11}
    cmp r6, lr
    bne .Lpairs7_run

    ldr r0, [sp, #PAIRS7_VALUES_END]
    cmp r6, r0
    bhs .Lpairs7_sums
    ldr r1, [sp, #PAIRS7_FOLD_BYTES]
    add lr, r1
    cmp lr, r0
    it hi
    movhi lr, r0
    ldr r1, [sp, #PAIRS7_FOLD_STEP]
    adds r7, r1
    b .Lpairs7_run

/* Lower sums in r4, r6, r7, r8; upper sums in r9 to r12. */
.Lpairs7_sums:
    str r12, [sp, #PAIRS7_RUNS]
    mov lr, r5
    ldr r5, [sp, #PAIRS7_PARTIALS]
    ldr r0, [sp, #PAIRS7_CHANNEL_DATA]
    ldr r9, [r0]
    sub r1, r5, lr
    add r4, r9, r9, lsl #16
    add r4, r4, r1, lsl #11     /* 2^15 for each 16 bytes of partial sums */
    mov r10, r9
    mov r11, r9
    mov r12, r9
    mov r6, r4
    mov r7, r4
    mov r8, r4
1:  ldm r5!, {r0-r3}
    add r4, r0
    add r9, r9, r0, asr #16
    add r6, r1
    add r10, r10, r1, asr #16
    add r7, r2
    add r11, r11, r2, asr #16
    add r8, r3
    add r12, r12, r3, asr #16
    cmp r5, lr
    bne 1b
    sub r4, r4, r9, lsl #16
    sub r6, r6, r10, lsl #16
    sub r7, r7, r11, lsl #16
    sub r8, r8, r12, lsl #16
    ldr r3, [sp, #PAIRS7_CHANNEL_DATA]
    adds r3, #4
    ldm r3!, {r0-r1}
    str r3, [sp, #PAIRS7_CHANNEL_DATA]
    and r2, r1, #63
    subs r1, r2
    ldr r3, [sp, #PAIRS7_GENERAL]
    cmp r3, #0
    bne .Lpairs7_general
    PAIRS7_ALL PAIRS7_SCALE

.Lpairs7_channel_end:
    ldr r0, [sp, #PAIRS7_WEIGHTS]
    adds r0, #1
    str r0, [sp, #PAIRS7_WEIGHTS]
    add r12, #1
    str r12, [sp, #PAIRS7_CHANNEL]
    ldr r1, [sp, #PAIRS7_CHANNELS]
    cmp r12, r1
    bne .Lpairs7_channel
    ldr r0, [sp, #PAIRS7_RUNS]
    add sp, #PAIRS7_FRAME
    pop {r4-r11, pc}

.Lpairs7_general:
    PAIRS7_ALL PAIRS7_SCALE_GENERAL
    b .Lpairs7_channel_end
    .size CNNC_SYMBOL(pixel_pairs_armv6m), . - CNNC_SYMBOL(pixel_pairs_armv6m)

#endif

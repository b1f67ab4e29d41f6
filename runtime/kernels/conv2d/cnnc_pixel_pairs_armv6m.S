/* SPDX-License-Identifier: MIT-0 */
/* cnnc_pixel_pairs_armv6m.h says what these functions compute. Thumb-1 only. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'

    .syntax unified
    .thumb

#if __ARM_ARCH_ISA_THUMB < 2

/* The frame: the fields of struct cnnc_pixel_pairs_armv6m_group, then what a channel needs. */
    .equ VALUES, 0
    .equ VALUES_END, 4
    .equ FOLD_BYTES, 8
    .equ WEIGHTS, 12            /* minus VALUES, so that one index serves both */
    .equ CHANNEL_DATA, 16
    .equ PARTIALS, 20
    .equ OUTPUTS, 24
    .equ PIXEL_STEP, 40
    .equ PAIRS, 44
    .equ CHANNELS, 48
    .equ MINIMUM, 52
    .equ MAXIMUM, 56
    .equ RUNS, 60
    .equ SIGN_UNIT, 64
    .equ WIDE, 68
    .equ PACKED_BIAS, 72
    .equ BIAS, 76
    .equ SKIP, 80
    .equ BASE, 84
    .equ FOLD_STEP, 88
    .equ CHANNEL, 92
    .equ TOP_LIMB, 96
    .equ FRAME, 100

/* Products of one weight with the four words of a tap. */
    .macro MULTIPLY_TAP
    ldrsb r4, [r7, r6]
    ldm r6!, {r0-r3}
    muls r0, r4
    muls r1, r4
    muls r2, r4
    muls r3, r4
    .endm

/* acc = clamp((floor(acc * multiplier / 2^20) + offset) >> shift), multiplier in limbs r4 (10 bits),
 * r5 (10), r6 (11), shift r7, offset r8, limits r9 and r10. */
    .macro SCALE acc
    movs r2, \acc
    muls r2, r4
    asrs r2, #10
    movs r3, \acc
    muls r3, r5
    adds r2, r3
    asrs r2, #10
    muls \acc, r6
    adds \acc, r2
    add \acc, r8
    asrs \acc, r7
    cmp \acc, r9
    bge 8f
    mov \acc, r9
8:  cmp \acc, r10
    ble 9f
    mov \acc, r10
9:
    .endm

/* The same with 2^24 and limbs of 8 bits, the highest in the frame; negative sums lose SIGN_UNIT. */
    .macro SCALE_WIDE acc
    movs r2, \acc
    muls r2, r4
    asrs r2, #8
    movs r3, \acc
    muls r3, r5
    adds r2, r3
    asrs r2, #8
    movs r3, \acc
    muls r3, r6
    adds r2, r3
    asrs r2, #8
    cmp \acc, #0
    bge 7f
    ldr r3, [sp, #SIGN_UNIT]
    subs r2, r3
7:  ldr r3, [sp, #TOP_LIMB]
    muls \acc, r3
    adds \acc, r2
    add \acc, r8
    asrs \acc, r7
    cmp \acc, r9
    bge 8f
    mov \acc, r9
8:  cmp \acc, r10
    ble 9f
    mov \acc, r10
9:
    .endm

/* Adds up the runs of one pair from eight-run blocks, the first of them entered in the middle, and
 * stores both outputs. r0 collects the words, r1 their upper halves, rounded by the carry. */
    .macro PAIR number, scale
    ldr r5, [sp, #BASE]
    ldr r0, [sp, #PACKED_BIAS]
    ldr r1, [sp, #BIAS]
    ldr r2, [sp, #SKIP]
    add pc, r2
    nop
1:
    .irp run, 0, 1, 2, 3, 4, 5, 6, 7
    ldr r2, [r5, #(16 * \run + 4 * \number)]
    adds r0, r2
    asrs r2, #16
    adcs r1, r2
    .endr
    adds r5, #128
    cmp r5, lr
    blo 1b
    lsls r2, r1, #16
    subs r0, r2
    mov r5, r12
    \scale r0
    \scale r1
    ldr r2, [sp, #(OUTPUTS + 4 * \number)]
    mov r3, r11
    strb r1, [r2, r3]
    ldr r1, [sp, #PIXEL_STEP]
    adds r2, r1
    strb r0, [r2, r3]
    .endm

    .section .text.pixel_pairs_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(pixel_pairs_armv6m)
    .hidden CNNC_SYMBOL(pixel_pairs_armv6m)
    .type CNNC_SYMBOL(pixel_pairs_armv6m), %function
    .thumb_func
CNNC_SYMBOL(pixel_pairs_armv6m):
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    sub sp, #FRAME
    mov r7, sp
    ldm r0!, {r1-r6}
    stm r7!, {r1-r6}
    ldm r0!, {r1-r6}
    stm r7!, {r1-r6}
    ldm r0!, {r1-r6}
    stm r7!, {r1-r6}
    ldr r0, [sp, #VALUES]
    ldr r1, [sp, #WEIGHTS]
    subs r1, r0
    str r1, [sp, #WEIGHTS]
    ldr r0, [sp, #CHANNELS]
    ldr r1, [sp, #FOLD_BYTES]
    subs r0, r1
    str r0, [sp, #FOLD_STEP]
    movs r0, #0
    str r0, [sp, #CHANNEL]

.Lpixel_pairs_channel:
    ldr r0, [sp, #RUNS]
    mov r12, r0
    ldr r5, [sp, #PARTIALS]
    ldr r6, [sp, #VALUES]
    ldr r7, [sp, #WEIGHTS]
    ldr r0, [sp, #FOLD_BYTES]
    adds r0, r6
    mov lr, r0

.Lpixel_pairs_run:
    MULTIPLY_TAP
    mov r8, r0
    mov r9, r1
    mov r10, r2
    mov r11, r3
    mov r4, r12
    ldrb r0, [r4]
    adds r4, #1
    mov r12, r4
    add pc, r0
    nop
    .rept 9
    MULTIPLY_TAP
    add r8, r0
    add r9, r1
    add r10, r2
    add r11, r3
    .endr
    MULTIPLY_TAP
    add r0, r8
    add r1, r9
    add r2, r10
    add r3, r11
.Lpixel_pairs_run_end:
    stm r5!, {r0-r3}
    cmp r6, lr
    bne .Lpixel_pairs_run
    b .Lpixel_pairs_fold_end
/* A run of one tap: 208 bytes after the word that follows the jump. */
    mov r0, r8
    mov r1, r9
    mov r2, r10
    mov r3, r11
    b .Lpixel_pairs_run_end

.Lpixel_pairs_fold_end:
    ldr r0, [sp, #VALUES_END]
    cmp r6, r0
    bhs .Lpixel_pairs_scale
    ldr r1, [sp, #FOLD_BYTES]
    add r1, lr
    cmp r1, r0
    bls 1f
    mov r1, r0
1:  mov lr, r1
    ldr r1, [sp, #FOLD_STEP]
    adds r7, r1
    b .Lpixel_pairs_run

.Lpixel_pairs_scale:
    mov r0, r12
    str r0, [sp, #RUNS]
    mov lr, r5
    ldr r0, [sp, #PARTIALS]
    subs r1, r0, r5
    movs r2, #0x70
    ands r1, r2
    subs r0, r1
    str r0, [sp, #BASE]
    lsrs r1, #1
    str r1, [sp, #SKIP]
    ldr r0, [sp, #MINIMUM]
    mov r9, r0
    ldr r0, [sp, #MAXIMUM]
    mov r10, r0
    ldr r0, [sp, #CHANNEL]
    mov r11, r0
    ldr r3, [sp, #CHANNEL_DATA]
    ldm r3!, {r0-r2}
    str r3, [sp, #CHANNEL_DATA]
    str r0, [sp, #BIAS]
    lsls r4, r0, #16
    adds r4, r0
    str r4, [sp, #PACKED_BIAS]
    lsls r7, r2, #26
    lsrs r7, #26
    subs r2, r7
    mov r8, r2
    ldr r0, [sp, #PAIRS]
    ldr r2, [sp, #WIDE]
    cmp r2, #0
    bne .Lpixel_pairs_wide
    lsls r4, r1, #22
    lsrs r4, #22
    lsls r5, r1, #12
    lsrs r5, #22
    mov r12, r5
    lsrs r6, r1, #20
    cmp r0, #4
    beq .Lpixel_pairs_pair_3
    cmp r0, #2
    bhi .Lpixel_pairs_pair_2
    beq .Lpixel_pairs_to_pair_1
    b .Lpixel_pairs_pair_0
.Lpixel_pairs_to_pair_1:
    b .Lpixel_pairs_pair_1

.Lpixel_pairs_wide:
    uxtb r4, r1
    lsrs r1, #8
    uxtb r5, r1
    mov r12, r5
    lsrs r1, #8
    uxtb r6, r1
    lsrs r1, #8
    str r1, [sp, #TOP_LIMB]
    cmp r0, #3
    beq .Lpixel_pairs_to_wide_2
    bhi .Lpixel_pairs_to_wide_3
    cmp r0, #2
    beq .Lpixel_pairs_to_wide_1
    b .Lpixel_pairs_wide_0
.Lpixel_pairs_to_wide_1:
    b .Lpixel_pairs_wide_1
.Lpixel_pairs_to_wide_2:
    b .Lpixel_pairs_wide_2
.Lpixel_pairs_to_wide_3:
    b .Lpixel_pairs_wide_3

.Lpixel_pairs_pair_3:
    PAIR 3, SCALE
.Lpixel_pairs_pair_2:
    PAIR 2, SCALE
.Lpixel_pairs_pair_1:
    PAIR 1, SCALE
.Lpixel_pairs_pair_0:
    PAIR 0, SCALE

.Lpixel_pairs_channel_end:
    ldr r0, [sp, #WEIGHTS]
    adds r0, #1
    str r0, [sp, #WEIGHTS]
    ldr r0, [sp, #CHANNEL]
    adds r0, #1
    str r0, [sp, #CHANNEL]
    ldr r1, [sp, #CHANNELS]
    cmp r0, r1
    beq 1f
    b .Lpixel_pairs_channel
1:  ldr r0, [sp, #RUNS]
    add sp, #FRAME
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}

.Lpixel_pairs_wide_3:
    PAIR 3, SCALE_WIDE
.Lpixel_pairs_wide_2:
    PAIR 2, SCALE_WIDE
.Lpixel_pairs_wide_1:
    PAIR 1, SCALE_WIDE
.Lpixel_pairs_wide_0:
    PAIR 0, SCALE_WIDE
    b .Lpixel_pairs_channel_end
    .size CNNC_SYMBOL(pixel_pairs_armv6m), . - CNNC_SYMBOL(pixel_pairs_armv6m)

#endif

/* r0 and r1 the pixels, r2 the values, r3 the count, r4 the index. */
    .macro EXPAND_TAP offset
    ldrsb r5, [r0, r4]
    ldrsb r6, [r1, r4]
    adds r4, #1
    lsls r5, #16
    adds r5, r6
    str r5, [r2, #\offset]
    .endm

    .section .text.pixel_pairs_expand_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(pixel_pairs_expand_armv6m)
    .hidden CNNC_SYMBOL(pixel_pairs_expand_armv6m)
    .type CNNC_SYMBOL(pixel_pairs_expand_armv6m), %function
    .thumb_func
CNNC_SYMBOL(pixel_pairs_expand_armv6m):
    push {r4-r6, lr}
    movs r4, #0
    subs r3, #4
    blt 2f
1:  EXPAND_TAP 0
    EXPAND_TAP 16
    EXPAND_TAP 32
    EXPAND_TAP 48
    adds r2, #64
    subs r3, #4
    bge 1b
2:  adds r3, #4
    beq 4f
3:  EXPAND_TAP 0
    adds r2, #16
    subs r3, #1
    bne 3b
4:  pop {r4-r6, pc}
    .size CNNC_SYMBOL(pixel_pairs_expand_armv6m), . - CNNC_SYMBOL(pixel_pairs_expand_armv6m)

#endif

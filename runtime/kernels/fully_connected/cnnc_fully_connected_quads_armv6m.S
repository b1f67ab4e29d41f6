/* SPDX-License-Identifier: MIT-0 */
/* cnnc_fully_connected_quads_armv6m.h says what this function computes. Thumb-1 only, but for
 * cores that multiply and add in one instruction and have a 64-bit product. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'

    .syntax unified
    .thumb

/* The frame: struct cnnc_fully_connected_quads_armv6m_vector, then the sums of four channels. */
    .equ QUADS_VALUES, 0
    .equ QUADS_VALUES_END, 4
    .equ QUADS_WEIGHTS, 8
    .equ QUADS_DATA, 12
    .equ QUADS_OUTPUT, 16
    .equ QUADS_CHANNELS, 20
    .equ QUADS_CORRECTION, 24
    .equ QUADS_MINIMUM, 28
    .equ QUADS_MAXIMUM, 32
    .equ QUADS_SIGN_UNIT, 36
    .equ QUADS_WIDE, 40
    .equ QUADS_SUMS, 44
    .equ QUADS_FRAME, 60

/* sum += weight * value. */
    .macro QUADS_PRODUCT sum, value, offset
    ldrb r4, [r5, #(\offset)]
#if __ARM_ARCH_ISA_THUMB >= 2
    mla \sum, r4, \value, \sum
#else
    muls r4, \value
    add \sum, r4
#endif
    .endm

    .macro QUADS_CHANNEL sum, offset
    QUADS_PRODUCT \sum, r0, \offset
    QUADS_PRODUCT \sum, r1, \offset + 1
    QUADS_PRODUCT \sum, r2, \offset + 2
    QUADS_PRODUCT \sum, r3, \offset + 3
    .endm

/* Four taps of four channels. */
    .macro QUADS_TAPS offset
    ldm r6!, {r0-r3}
    QUADS_CHANNEL r8, \offset
    QUADS_CHANNEL r9, \offset + 4
    QUADS_CHANNEL r10, \offset + 8
    QUADS_CHANNEL r11, \offset + 12
    .endm

    .section .text.fully_connected_quads_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(fully_connected_quads_armv6m)
    .hidden CNNC_SYMBOL(fully_connected_quads_armv6m)
    .type CNNC_SYMBOL(fully_connected_quads_armv6m), %function
    .thumb_func
CNNC_SYMBOL(fully_connected_quads_armv6m):
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    sub sp, #QUADS_FRAME
    mov r7, sp
    ldm r0!, {r1-r6}
    stm r7!, {r1-r6}
    ldm r0!, {r1-r5}
    stm r7!, {r1-r5}

.Lquads_four_channels:
    ldr r0, [sp, #QUADS_CORRECTION]
    mov r8, r0
    mov r9, r0
    mov r10, r0
    mov r11, r0
    ldr r5, [sp, #QUADS_WEIGHTS]
    ldr r6, [sp, #QUADS_VALUES]
    ldr r7, [sp, #QUADS_VALUES_END]
    subs r0, r7, r6
    lsls r0, #27
    bpl .Lquads_taps
/* An odd number of fours begins in the middle. */
    subs r5, #16
    b .Lquads_second_taps
.Lquads_taps:
    QUADS_TAPS 0
.Lquads_second_taps:
    QUADS_TAPS 16
    adds r5, #32
    cmp r6, r7
#if __ARM_ARCH_ISA_THUMB >= 2
    bne .Lquads_taps
#else
    beq .Lquads_scale
    b .Lquads_taps
#endif

.Lquads_scale:
    str r5, [sp, #QUADS_WEIGHTS]
    mov r0, r8
    mov r1, r9
    mov r2, r10
    mov r3, r11
    add r6, sp, #QUADS_SUMS
    stm r6!, {r0-r3}
    subs r6, #16
    ldr r7, [sp, #QUADS_DATA]
    movs r5, #4
.Lquads_output:
    ldm r6!, {r0}
    ldm r7!, {r1-r3}
    adds r0, r1
#if __ARM_ARCH_ISA_THUMB >= 2
/* The wide scaling: floor(x * m / 2^24) is the upper word of 2^8 x * m. */
    lsls r1, r0, #8
    smull r4, r1, r1, r2
    ldr r2, [sp, #QUADS_SIGN_UNIT]
    and r2, r2, r0, asr #31
    subs r0, r1, r2
    and r1, r3, #63
    subs r3, r1
    add r0, r3
#else
    ldr r4, [sp, #QUADS_WIDE]
    cmp r4, #0
    bne .Lquads_wide
    lsls r1, r2, #22
    lsrs r1, #22
    muls r1, r0
    asrs r1, #10
    lsls r4, r2, #12
    lsrs r4, #22
    muls r4, r0
    adds r1, r4
    asrs r1, #10
    lsrs r2, #20
.Lquads_top_limb:
    muls r0, r2
    adds r0, r1
    movs r1, #63
    ands r1, r3
    subs r3, r1
    adds r0, r3
#endif
    asrs r0, r1
    ldr r1, [sp, #QUADS_MINIMUM]
    cmp r0, r1
    bge 1f
    movs r0, r1
1:  ldr r1, [sp, #QUADS_MAXIMUM]
    cmp r0, r1
    ble 2f
    movs r0, r1
2:  ldr r1, [sp, #QUADS_OUTPUT]
    strb r0, [r1]
    adds r1, #1
    str r1, [sp, #QUADS_OUTPUT]
    ldr r0, [sp, #QUADS_CHANNELS]
    subs r0, #1
    str r0, [sp, #QUADS_CHANNELS]
    beq .Lquads_end
    subs r5, #1
    bne .Lquads_output
    str r7, [sp, #QUADS_DATA]
    b .Lquads_four_channels

#if __ARM_ARCH_ISA_THUMB < 2
.Lquads_wide:
    uxtb r1, r2
    muls r1, r0
    asrs r1, #8
    lsrs r2, #8
    uxtb r4, r2
    muls r4, r0
    adds r1, r4
    asrs r1, #8
    lsrs r2, #8
    uxtb r4, r2
    muls r4, r0
    adds r1, r4
    asrs r1, #8
    lsrs r2, #8
    cmp r0, #0
    bge .Lquads_top_limb
    ldr r4, [sp, #QUADS_SIGN_UNIT]
    subs r1, r4
    b .Lquads_top_limb
#endif

.Lquads_end:
    add sp, #QUADS_FRAME
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}
    .size CNNC_SYMBOL(fully_connected_quads_armv6m), . - CNNC_SYMBOL(fully_connected_quads_armv6m)

#endif

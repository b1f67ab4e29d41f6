/* SPDX-License-Identifier: MIT-0 */
/* cnnc_fully_connected_lanes_armv6m.h says what these functions compute. Thumb-1 only, but for
 * cores that multiply and add in one instruction and have a 64-bit product. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'

    .syntax unified
    .thumb

/* struct cnnc_fully_connected_lanes_armv6m_quad. */
    .equ LANES_VALUES, 0
    .equ LANES_VALUES_END, 4
    .equ LANES_CORRECTIONS, 8
    .equ LANES_WEIGHTS, 12
    .equ LANES_RUN_BYTES, 16

/* The frame; even words hold the first and the third channel, odd ones the others. */
    .equ LANES_RUN_END, 0
    .equ LANES_EVEN_BEFORE, 4
    .equ LANES_ODD_BEFORE, 8
    .equ LANES_EVEN_HIGH, 12
    .equ LANES_ODD_HIGH, 16
    .equ LANES_SUMS, 20
    .equ LANES_QUAD, 24
    .equ LANES_FRAME, 28

/* Even sums are in r8, odd ones in r9, the mask in r7. */
#if __ARM_ARCH_ISA_THUMB >= 2

    .macro LANES_TAP word, value
    and lr, \word, r7
    mla r8, lr, \value, r8
    and \word, r7, \word, lsr #8
    mla r9, \word, \value, r9
    .endm

    .macro LANES_FOUR_TAPS
    ldm r6!, {r0-r3}
    ldm r5!, {r4, r10-r12}
    LANES_TAP r4, r0
    LANES_TAP r10, r1
    LANES_TAP r11, r2
    LANES_TAP r12, r3
    .endm

#else

    .macro LANES_TAP word, value
    movs r4, \word
    ands r4, r7
    muls r4, \value
    add r8, r4
    lsrs \word, #8
    ands \word, r7
    muls \word, \value
    add r9, \word
    .endm

    .macro LANES_FOUR_TAPS
    ldm r6!, {r0, r1}
    ldm r5!, {r2, r3}
    LANES_TAP r2, r0
    LANES_TAP r3, r1
    ldm r6!, {r0, r1}
    ldm r5!, {r2, r3}
    LANES_TAP r2, r0
    LANES_TAP r3, r1
    .endm

#endif

/* Ends a run: r0 is the correction, r1 2^15. */
    .macro LANES_RUN_SUM sums, before, high
    mov r2, \sums
    subs r2, r0
    ldr r3, [sp, #\before]
    str r2, [sp, #\before]
    subs r2, r3
    adds r2, r1
    asrs r2, #16
    ldr r3, [sp, #\high]
    adds r3, r2
    str r3, [sp, #\high]
    .endm

/* sum += weight * value for the lowest byte of r1. */
    .macro LANES_SINGLE sum
    uxtb r2, r1
    muls r2, r0
    add \sum, r2
    lsrs r1, #8
    .endm

    .section .text.fully_connected_lanes_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(fully_connected_lanes_armv6m)
    .hidden CNNC_SYMBOL(fully_connected_lanes_armv6m)
    .type CNNC_SYMBOL(fully_connected_lanes_armv6m), %function
    .thumb_func
CNNC_SYMBOL(fully_connected_lanes_armv6m):
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    sub sp, #LANES_FRAME
    str r0, [sp, #LANES_QUAD]
    str r1, [sp, #LANES_SUMS]
    ldr r6, [r0, #LANES_VALUES]
    ldr r5, [r0, #LANES_WEIGHTS]
    ldr r2, [r0, #LANES_RUN_BYTES]
    movs r1, #0
    mov r8, r1
    mov r9, r1
    cmp r2, #0
    beq .Llanes_singles
    str r1, [sp, #LANES_EVEN_BEFORE]
    str r1, [sp, #LANES_ODD_BEFORE]
    str r1, [sp, #LANES_EVEN_HIGH]
    str r1, [sp, #LANES_ODD_HIGH]
    movs r7, #0xff
    lsls r1, r7, #16
    orrs r7, r1
.Llanes_run:
    ldr r1, [r0, #LANES_VALUES_END]
    ldr r2, [r0, #LANES_RUN_BYTES]
    adds r2, r6
    cmp r2, r1
    bls 1f
    movs r2, r1
1:  str r2, [sp, #LANES_RUN_END]
.Llanes_taps:
    LANES_FOUR_TAPS
    ldr r0, [sp, #LANES_RUN_END]
    cmp r6, r0
    bne .Llanes_taps
    ldr r4, [sp, #LANES_QUAD]
    ldr r1, [r4, #LANES_VALUES]
    subs r1, r6, r1
    lsrs r1, #2
    ldr r0, [r4, #LANES_CORRECTIONS]
    ldr r0, [r0, r1]
    movs r1, #1
    lsls r1, #15
    LANES_RUN_SUM r8, LANES_EVEN_BEFORE, LANES_EVEN_HIGH
    LANES_RUN_SUM r9, LANES_ODD_BEFORE, LANES_ODD_HIGH
    movs r0, r4
    ldr r1, [r0, #LANES_VALUES_END]
    cmp r6, r1
    bne .Llanes_run
    ldr r0, [sp, #LANES_EVEN_BEFORE]
    ldr r1, [sp, #LANES_ODD_BEFORE]
    ldr r2, [sp, #LANES_EVEN_HIGH]
    ldr r3, [sp, #LANES_ODD_HIGH]
    lsls r4, r2, #16
    subs r0, r4
    lsls r4, r3, #16
    subs r1, r4
.Llanes_end:
    ldr r4, [sp, #LANES_SUMS]
    stm r4!, {r0-r3}
    add sp, #LANES_FRAME
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}

/* One by one; the 128 in each weight adds 128 times the sum of the values. */
.Llanes_singles:
    mov r10, r1
    mov r11, r1
    ldr r7, [r0, #LANES_VALUES_END]
    movs r4, #0
1:  ldm r5!, {r1}
    ldm r6!, {r0}
    adds r4, r0
    LANES_SINGLE r8
    LANES_SINGLE r9
    LANES_SINGLE r10
    LANES_SINGLE r11
    cmp r6, r7
    bne 1b
    lsls r4, #7
    mov r0, r8
    mov r1, r9
    mov r2, r10
    mov r3, r11
    subs r0, r4
    subs r1, r4
    subs r2, r4
    subs r3, r4
    b .Llanes_end
    .size CNNC_SYMBOL(fully_connected_lanes_armv6m), . - CNNC_SYMBOL(fully_connected_lanes_armv6m)

/* struct cnnc_fully_connected_lanes_armv6m_scale, in r7. */
    .equ LANES_DATA, 0
    .equ LANES_OUTPUT, 4
    .equ LANES_MINIMUM, 8
    .equ LANES_MAXIMUM, 12
    .equ LANES_SIGN_UNIT, 16
    .equ LANES_WIDE, 20

    .section .text.fully_connected_lanes_scale_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(fully_connected_lanes_scale_armv6m)
    .hidden CNNC_SYMBOL(fully_connected_lanes_scale_armv6m)
    .type CNNC_SYMBOL(fully_connected_lanes_scale_armv6m), %function
    .thumb_func
CNNC_SYMBOL(fully_connected_lanes_scale_armv6m):
    push {r4-r7, lr}
    mov r7, r0
    mov r5, r1
    mov r12, r2
    ldr r6, [r7, #LANES_DATA]
.Llanes_output:
    ldm r5!, {r0}
    ldm r6!, {r1-r3}
    adds r0, r1
#if __ARM_ARCH_ISA_THUMB >= 2
    lsls r1, r0, #8
    smull r4, r1, r1, r2
    ldr r2, [r7, #LANES_SIGN_UNIT]
    and r2, r2, r0, asr #31
    subs r0, r1, r2
#else
    ldr r4, [r7, #LANES_WIDE]
    cmp r4, #0
    bne .Llanes_wide
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
.Llanes_top_limb:
    muls r0, r2
    adds r0, r1
#endif
    movs r1, #63
    ands r1, r3
    subs r3, r1
    adds r0, r3
    asrs r0, r1
    ldr r1, [r7, #LANES_MINIMUM]
    cmp r0, r1
    bge 1f
    movs r0, r1
1:  ldr r1, [r7, #LANES_MAXIMUM]
    cmp r0, r1
    ble 2f
    movs r0, r1
2:  ldr r1, [r7, #LANES_OUTPUT]
    strb r0, [r1]
    adds r1, #1
    str r1, [r7, #LANES_OUTPUT]
    cmp r5, r12
    bne .Llanes_output
    str r6, [r7, #LANES_DATA]
    pop {r4-r7, pc}

#if __ARM_ARCH_ISA_THUMB < 2
.Llanes_wide:
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
    bge .Llanes_top_limb
    ldr r4, [r7, #LANES_SIGN_UNIT]
    subs r1, r4
    b .Llanes_top_limb
#endif
    .size CNNC_SYMBOL(fully_connected_lanes_scale_armv6m), . - CNNC_SYMBOL(fully_connected_lanes_scale_armv6m)

#endif

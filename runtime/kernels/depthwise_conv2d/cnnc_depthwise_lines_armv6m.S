/* SPDX-License-Identifier: MIT-0 */
/* cnnc_depthwise_lines_armv6m.h says what these functions compute. Thumb-1 only, but for
 * cores that multiply and add in one instruction and have a 64-bit product: there scaling is the
 * wide one, where floor(x * m / 2^24) is the upper word of 2^8 x * m. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'

    .syntax unified
    .thumb

/* The frame: struct cnnc_depthwise_lines_armv6m_channel, then the outputs left in the line. */
    .equ PLANE, 0
    .equ TAPS, 4
    .equ TAPS_END, 8
    .equ TAP_SKIP, 12
    .equ OUTPUT, 16
    .equ STEP_1, 20
    .equ STEP_2, 24
    .equ STEP_3, 28
    .equ STRIP_STEP, 32
    .equ PLANE_LINE_STEP, 36
    .equ OUTPUT_LINE_STEP, 40
    .equ LINE_OUTPUTS, 44
    .equ LINES, 48
    .equ SUM_BIAS, 52
    .equ LIMBS, 56
    .equ SHIFT, 72
    .equ OFFSET, 76
    .equ LOWEST, 80
    .equ HIGHEST, 84
    .equ UNIT, 88
    .equ IS_WIDE, 92
    .equ LEFT, 96
    .equ LINES_FRAME, 100

#if __ARM_ARCH_ISA_THUMB >= 2

/* Multiplier r4, shift r7, offset r12. */
    .macro LINES_SCALE acc
    lsl r0, \acc, #8
    smull r3, r0, r0, r4
    add r0, r12
    .endm

    .macro LINES_SCALE_WIDE acc
    lsl r0, \acc, #8
    smull r3, r0, r0, r4
    ldr r3, [sp, #UNIT]
    and r3, r3, \acc, asr #31
    subs r0, r3
    add r0, r12
    .endm

    .macro LINES_MULTIPLY
    mla r8, r0, r4, r8
    mla r9, r1, r4, r9
    mla r10, r2, r4, r10
    mla r11, r3, r4, r11
    .endm

#else

/* Multiplier in limbs r4, r5, r6, shift r7, offset r12, least result lr. */
    .macro LINES_SCALE acc
    mov r0, \acc
    movs r2, r0
    muls r2, r4
    asrs r2, #10
    movs r3, r0
    muls r3, r5
    adds r2, r3
    asrs r2, #10
    muls r0, r6
    adds r0, r2
    add r0, r12
    .endm

    .macro LINES_SCALE_WIDE acc
    mov r0, \acc
    movs r2, r0
    muls r2, r4
    asrs r2, #8
    movs r3, r0
    muls r3, r5
    adds r2, r3
    asrs r2, #8
    movs r3, r0
    muls r3, r6
    adds r2, r3
    asrs r2, #8
    cmp r0, #0
    bge 1f
    ldr r3, [sp, #UNIT]
    subs r2, r3
1:  ldr r3, [sp, #(LIMBS + 12)]
    muls r0, r3
    adds r0, r2
    add r0, r12
    .endm

    .macro LINES_MULTIPLY
    muls r0, r4
    muls r1, r4
    muls r2, r4
    muls r3, r4
    add r8, r0
    add r9, r1
    add r10, r2
    add r11, r3
    .endm

#endif

/* Leaves the result in r0 and the address of the strip in r2. */
    .macro LINES_CLAMP_GENERAL
    asrs r0, r7
    cmp r0, lr
    bge 2f
    mov r0, lr
2:  ldr r3, [sp, #HIGHEST]
    cmp r0, r3
    ble 3f
    movs r0, r3
3:  ldr r2, [sp, #OUTPUT]
    .endm

    .macro LINES_CLAMP
#if __ARM_ARCH_ISA_THUMB >= 2
    asrs r0, r7
    ssat r0, #8, r0
    ldr r2, [sp, #OUTPUT]
#else
    LINES_CLAMP_GENERAL
#endif
    .endm

    .macro LINES_STORE step
    ldr r3, [sp, #\step]
    strb r0, [r2, r3]
    .endm

    .section .text.depthwise_lines_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(depthwise_lines_armv6m)
    .hidden CNNC_SYMBOL(depthwise_lines_armv6m)
    .type CNNC_SYMBOL(depthwise_lines_armv6m), %function
    .thumb_func
CNNC_SYMBOL(depthwise_lines_armv6m):
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    sub sp, #LINES_FRAME
    mov r7, sp
    .rept 4
    ldm r0!, {r1-r6}
    stm r7!, {r1-r6}
    .endr
    ldr r0, [sp, #OFFSET]
    mov r12, r0
    ldr r0, [sp, #LOWEST]
    mov lr, r0
#if __ARM_ARCH_ISA_THUMB >= 2
/* The whole multiplier takes the place of its limbs; what is wide is now what is not simple. */
    ldr r1, [sp, #HIGHEST]
    ldr r2, [sp, #UNIT]
    adds r0, #128
    subs r1, #127
    orrs r0, r1
    orrs r0, r2
    str r0, [sp, #IS_WIDE]
    ldr r0, [sp, #LIMBS]
    ldr r1, [sp, #(LIMBS + 4)]
    ldr r2, [sp, #(LIMBS + 8)]
    ldr r3, [sp, #(LIMBS + 12)]
    orr r0, r0, r1, lsl #8
    orr r0, r0, r2, lsl #16
    orr r0, r0, r3, lsl #24
    str r0, [sp, #LIMBS]
#endif

.Ldepthwise_line:
    ldr r0, [sp, #LINE_OUTPUTS]
    str r0, [sp, #LEFT]
.Ldepthwise_strip:
    ldr r0, [sp, #SUM_BIAS]
    mov r8, r0
    mov r9, r0
    mov r10, r0
    mov r11, r0
    ldr r5, [sp, #TAPS]
    ldr r7, [sp, #PLANE]
    ldr r0, [sp, #TAP_SKIP]
    add pc, r0
    nop
.Ldepthwise_taps:
    .rept 9
    ldm r5!, {r4, r6}
    adds r6, r7
    ldm r6!, {r0-r3}
    LINES_MULTIPLY
    .endr
    ldr r0, [sp, #TAPS_END]
    cmp r5, r0
    bne .Ldepthwise_taps

    ldr r1, [sp, #LEFT]
    ldr r0, [sp, #IS_WIDE]
    ldr r4, [sp, #LIMBS]
#if __ARM_ARCH_ISA_THUMB < 2
    ldr r5, [sp, #(LIMBS + 4)]
    ldr r6, [sp, #(LIMBS + 8)]
#endif
    ldr r7, [sp, #SHIFT]
    cmp r0, #0
    bne .Ldepthwise_to_wide
    cmp r1, #3
    bgt .Ldepthwise_output_3
    beq .Ldepthwise_output_2
    cmp r1, #2
    beq .Ldepthwise_output_1
    b .Ldepthwise_output_0
.Ldepthwise_to_wide:
    b .Ldepthwise_wide

.Ldepthwise_output_3:
    LINES_SCALE r11
    LINES_CLAMP
    LINES_STORE STEP_3
.Ldepthwise_output_2:
    LINES_SCALE r10
    LINES_CLAMP
    LINES_STORE STEP_2
.Ldepthwise_output_1:
    LINES_SCALE r9
    LINES_CLAMP
    LINES_STORE STEP_1
.Ldepthwise_output_0:
    LINES_SCALE r8
    LINES_CLAMP
.Ldepthwise_last_output:
    strb r0, [r2]
    ldr r3, [sp, #STRIP_STEP]
    adds r2, r3
    str r2, [sp, #OUTPUT]
    ldr r0, [sp, #PLANE]
    adds r0, #16
    str r0, [sp, #PLANE]
    ldr r1, [sp, #LEFT]
    subs r1, #4
    str r1, [sp, #LEFT]
    ble 1f
    b .Ldepthwise_strip
1:  ldr r3, [sp, #PLANE_LINE_STEP]
    adds r0, r3
    str r0, [sp, #PLANE]
    ldr r3, [sp, #OUTPUT_LINE_STEP]
    adds r2, r3
    str r2, [sp, #OUTPUT]
    ldr r0, [sp, #LINES]
    subs r0, #1
    str r0, [sp, #LINES]
    beq 2f
    b .Ldepthwise_line
2:  add sp, #LINES_FRAME
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}

.Ldepthwise_wide:
    cmp r1, #3
    bgt .Ldepthwise_wide_3
    beq .Ldepthwise_wide_2
    cmp r1, #2
    beq .Ldepthwise_wide_1
    b .Ldepthwise_wide_0
.Ldepthwise_wide_3:
    LINES_SCALE_WIDE r11
    LINES_CLAMP_GENERAL
    LINES_STORE STEP_3
.Ldepthwise_wide_2:
    LINES_SCALE_WIDE r10
    LINES_CLAMP_GENERAL
    LINES_STORE STEP_2
.Ldepthwise_wide_1:
    LINES_SCALE_WIDE r9
    LINES_CLAMP_GENERAL
    LINES_STORE STEP_1
.Ldepthwise_wide_0:
    LINES_SCALE_WIDE r8
    LINES_CLAMP_GENERAL
    b .Ldepthwise_last_output
    .size CNNC_SYMBOL(depthwise_lines_armv6m), . - CNNC_SYMBOL(depthwise_lines_armv6m)

    .section .text.depthwise_expand_armv6m, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(depthwise_expand_armv6m)
    .hidden CNNC_SYMBOL(depthwise_expand_armv6m)
    .type CNNC_SYMBOL(depthwise_expand_armv6m), %function
    .thumb_func
/* r0 the source, r1 its step, r2 the values, r3 the count. */
CNNC_SYMBOL(depthwise_expand_armv6m):
    push {r4-r7, lr}
    movs r7, #0
    subs r3, #4
    blt 2f
1:  .rept 2
    ldrsb r4, [r0, r7]
    adds r0, r1
    ldrsb r5, [r0, r7]
    adds r0, r1
    stm r2!, {r4, r5}
    .endr
    subs r3, #4
    bge 1b
2:  adds r3, #4
    beq 4f
3:  ldrsb r4, [r0, r7]
    adds r0, r1
    stm r2!, {r4}
    subs r3, #1
    bne 3b
4:  pop {r4-r7, pc}
    .size CNNC_SYMBOL(depthwise_expand_armv6m), . - CNNC_SYMBOL(depthwise_expand_armv6m)

#endif

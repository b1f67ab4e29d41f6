/* SPDX-License-Identifier: MIT-0 */
/* Copies pieces of pixels on Armv7-A with NEON; cnnc_patches_neon32.h has the same in C. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_NEON32

    .syntax unified
    .arm
    .fpu neon

#define SOURCE r0
#define SOURCE_STEP r1
#define TARGET r2
#define TARGET_STEP r3
#define COUNT r4
#define ENTRY r5

#define STACK_COUNT 8
#define STACK_BYTES 12

/* Bytes of code that copy 32 bytes. */
#define PAIR_LOG2 3

/* 32 bytes at a time, entered where so many are left; the last ones move on to the next piece. */
.macro neon32_copy last_registers
    .rept 7
    vld1.8 {d0-d3}, [SOURCE]!
    vst1.8 {d0-d3}, [TARGET]!
    .endr
    vld1.8 {\last_registers}, [SOURCE], SOURCE_STEP
    vst1.8 {\last_registers}, [TARGET], TARGET_STEP
    subs COUNT, COUNT, #1
    bxne ENTRY
    pop {r4, r5}
    bx lr
.endm

    .section .text.cnnc_patches_neon32, "ax", %progbits
    .balign 4
    .global CNNC_SYMBOL(copy_pieces_neon32)
    .hidden CNNC_SYMBOL(copy_pieces_neon32)
    .type CNNC_SYMBOL(copy_pieces_neon32), %function
CNNC_SYMBOL(copy_pieces_neon32):
    push {r4, r5}
    ldr r12, [sp, #STACK_BYTES]
    ldr COUNT, [sp, #STACK_COUNT]
    sub r12, r12, #1
    tst r12, #16
    /* Whole 32 bytes before the last ones. */
    lsr r12, r12, #5
    sub SOURCE_STEP, SOURCE_STEP, r12, lsl #5
    sub TARGET_STEP, TARGET_STEP, r12, lsl #5
    rsb r12, r12, #7
    bne 1f
    adr ENTRY, neon32_copy_16
    add ENTRY, ENTRY, r12, lsl #PAIR_LOG2
    bx ENTRY
1:
    adr ENTRY, neon32_copy_32
    add ENTRY, ENTRY, r12, lsl #PAIR_LOG2
    bx ENTRY
neon32_copy_16:
    neon32_copy d0-d1
neon32_copy_32:
    neon32_copy d0-d3
    .size CNNC_SYMBOL(copy_pieces_neon32), . - CNNC_SYMBOL(copy_pieces_neon32)

#endif

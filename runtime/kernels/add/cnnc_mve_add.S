/* SPDX-License-Identifier: MIT-0 */
/* Sums of two int8 vectors, each times a factor: see cnnc_mve_add.h. */
#if defined(CNNC_PREFIX) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)

#include "cnnc_common.h"

    .syntax unified
    .thumb

/* r0 first, r1 second, r2 output, r3 line, on the stack the number of blocks of 8. */
.macro ADD_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r4-r7, lr}
    vpush {d8-d9}
    ldr lr, [sp, #36]
    ldm r3, {r4-r7}
    vldrw.u32 q3, [r3, #16]
    vdup.32 q4, r4
    dls lr, lr
.L\name\()_next:
    vldrb.s32 q0, [r0], #4
    vldrb.s32 q1, [r1], #4
    vmlas.u32 q0, q4, r6
    vmla.u32 q0, q1, r5
    vldrb.s32 q1, [r0], #4
    vldrb.s32 q2, [r1], #4
    vmlas.u32 q1, q4, r6
    vmla.u32 q1, q2, r5
    vshl.s32 q0, r7
    vshl.s32 q1, r7
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqmovnb.s16 q0, q0
    vstrb.16 q0, [r2, q3]
    add r2, r2, #8
    le lr, .L\name\()_next
    vpop {d8-d9}
    pop {r4-r7, pc}
    .size \name, . - \name
.endm

ADD_FUNCTION CNNC_SYMBOL(mve_add)
#endif

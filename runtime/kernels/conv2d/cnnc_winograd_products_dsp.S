/* SPDX-License-Identifier: MIT-0 */
/* Armv6, Armv7E-M: the matrix products of a Winograd convolution, two tiles by four channels. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_SIMD32
#include "cnnc_arm_modes.h"

/* One pair of input channels: 2 tiles x 4 output channels, 16 products. */
.macro CNNC_WINOGRAD_PAIR
    ldm     r0!, {r12, lr}
    ldrd    r10, r11, [r1], #8
    smlad   r2, r12, r10, r2
    smlad   r3, r12, r11, r3
    smlad   r6, lr, r10, r6
    smlad   r7, lr, r11, r7
    ldrd    r10, r11, [r1], #8
    smlad   r4, r12, r10, r4
    smlad   r5, r12, r11, r5
    smlad   r8, lr, r10, r8
    smlad   r9, lr, r11, r9
.endm

/* Pairs that are written out in the loop, and the bytes of one (all instructions have four). */
.set CNNC_WINOGRAD_UNROLLED, 16
.set CNNC_WINOGRAD_PAIR_BYTES, 44

/* Frame: */
.set sum_pointer, 0
.set sum_end, 4
.set after_loop, 8
.set into_loop, 12
.set data_end, 16
.set data_step, 20
.set frame_bytes, 24

/* void winograd_products(const uint32_t *data, const int16_t *weights, uint32_t *sums,
 *                        int32_t pairs, int32_t positions); pairs is even. */
.section .text.winograd_products, "ax", %progbits
.balign 4
.global CNNC_SYMBOL(winograd_products)
.hidden CNNC_SYMBOL(winograd_products)
.type CNNC_SYMBOL(winograd_products), %function
CNNC_SYMBOL(winograd_products):
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #frame_bytes
    add     r12, r2, r12, lsl #5
    cnnc_store_two r2, r12, sp, sum_pointer
    lsl     r4, r3, #3
    add     r5, r0, r4
    cnnc_store_two r5, r4, sp, data_end
    /* Two pairs are outside of the loop; the first round of the others starts within it. */
    sub     r3, r3, #2
    adr     r5, .Lwinograd_stored
    cmp     r3, #CNNC_WINOGRAD_UNROLLED
    it      ge
    adrge   r5, .Lwinograd_next_round
    and     r3, r3, #CNNC_WINOGRAD_UNROLLED - 1
    mov     r6, #CNNC_WINOGRAD_PAIR_BYTES
    mul     r3, r3, r6
    adr     r6, .Lwinograd_round_end
    sub     r6, r6, r3
#if defined(__thumb__)
    orr     r5, r5, #1
    orr     r6, r6, #1
#endif
    cnnc_store_two r5, r6, sp, after_loop

.Lwinograd_position:
    ldm     r0!, {r12, lr}
    ldrd    r10, r11, [r1], #8
    smuad   r2, r12, r10
    smuad   r3, r12, r11
    smuad   r6, lr, r10
    smuad   r7, lr, r11
    ldrd    r10, r11, [r1], #8
    smuad   r4, r12, r10
    smuad   r5, r12, r11
    smuad   r8, lr, r10
    smuad   r9, lr, r11
    CNNC_WINOGRAD_PAIR
    ldr     pc, [sp, #into_loop]

.balign 4
.Lwinograd_stored:
    cnnc_load_two r12, lr, sp, sum_pointer
    stmia   r12!, {r2-r9}
    str     r12, [sp, #sum_pointer]
    cmp     r12, lr
    bne     .Lwinograd_position
    add     sp, sp, #frame_bytes
    pop     {r4-r11, pc}

.balign 4
.Lwinograd_next_round:
    cnnc_load_two r12, lr, sp, data_end
    cmp     r0, r12
    bne     .Lwinograd_round
    add     r12, r12, lr
    str     r12, [sp, #data_end]
    b       .Lwinograd_stored

.balign 4
.Lwinograd_round:
.rept CNNC_WINOGRAD_UNROLLED
    CNNC_WINOGRAD_PAIR
.endr
.Lwinograd_round_end:
    ldr     pc, [sp, #after_loop]
.size CNNC_SYMBOL(winograd_products), . - CNNC_SYMBOL(winograd_products)

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Code of known length for a bare Cortex-M: each is called between two calls of "mark". Thumb-1
 * only, so that it is code for every core. The test defines ITERATIONS and OFFSET, which is added to
 * the addresses of data; other than 0 it needs a core that takes unaligned ones. */
    .syntax unified
    .thumb
    .text
    .word 0x20001000
    .word reset + 1

    .thumb_func
    .type reset, %function
reset:
    bl mark
    bl counted_loop
    bl mark
    bl loads
    bl mark
    bl exit
    .size reset, . - reset

    .thumb_func
    .type mark, %function
mark:
    bx lr
    .size mark, . - mark

/* 2 * ITERATIONS + 2 instructions. */
    .thumb_func
    .type counted_loop, %function
counted_loop:
    ldr r0, =ITERATIONS
1:
    subs r0, #1
    bne 1b
    bx lr
    .size counted_loop, . - counted_loop

/* 8 instructions: a store, loads in a row, one of which makes the next one's address; three words
 * and a halfword of them are at OFFSET. */
    .thumb_func
    .type loads, %function
loads:
    ldr r0, =0x20000100 + OFFSET
    ldr r1, =0x20000200 + OFFSET
    str r1, [r0]
    ldr r2, [r0]
    ldr r3, [r2]
    ldrh r4, [r0]
    muls r3, r1
    bx lr
    .size loads, . - loads

/* SYS_EXIT, reason: application exit. */
    .thumb_func
    .type exit, %function
exit:
    movs r0, #0x18
    ldr r1, =0x20026
    bkpt 0xab
    b .
    .size exit, . - exit
    .ltorg

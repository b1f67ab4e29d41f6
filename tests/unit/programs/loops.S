/* SPDX-License-Identifier: MIT-0 */
/* Loops of known length for a bare Cortex-M: each is called between two calls of "mark". Thumb-1
 * only, so that it runs on every core. ITERATIONS is defined by the test. */
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

/* 7 instructions: loads in a row, one of which makes the next one's address, then a store. */
    .thumb_func
    .type loads, %function
loads:
    ldr r0, =0x20000100
    ldr r1, =0x20000200
    str r1, [r0]
    ldr r2, [r0]
    ldr r3, [r2]
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

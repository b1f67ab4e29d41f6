/* SPDX-License-Identifier: MIT-0 */
/* The second boot stage of RP2040: the boot ROM copies the first 256 bytes of the flash into RAM,
 * checks their CRC and runs them. They make the flash appear at 0x10000000 by its plain read
 * command, which every chip knows, and start the program at 0x10000100 (RP2040 datasheet, sections
 * 2.8.1 and 4.10). */
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .set SSI_BASE, 0x18000000
    .set SSI_CTRLR0, 0x00
    .set SSI_CTRLR1, 0x04
    .set SSI_ENABLE, 0x08
    .set SSI_BAUDR, 0x14
    .set SSI_SPI_CTRLR0, 0xf4

    /* Clock of the flash: that of the system by 4. */
    .set CLOCK_DIVIDER, 4
    /* Frames of 32 bits; transmit a command and an address, then receive. */
    .set READ_FRAMES, (31 << 16) | (3 << 8)
    /* Command 0x03 of 8 bits, address of 24 bits, all on one line. */
    .set READ_COMMAND, (0x03 << 24) | (2 << 8) | (6 << 2)

    .set PROGRAM, 0x10000100
    .set VECTOR_TABLE_OFFSET, 0xe000ed08

    .section .boot, "ax"
    .balign 4
    .global cnnc_boot
    .type cnnc_boot, %function
    .thumb_func
cnnc_boot:
    ldr r3, =SSI_BASE
    movs r1, #0
    str r1, [r3, #SSI_ENABLE]
    str r1, [r3, #SSI_CTRLR1]
    movs r1, #CLOCK_DIVIDER
    str r1, [r3, #SSI_BAUDR]
    ldr r1, =READ_FRAMES
    str r1, [r3, #SSI_CTRLR0]
    ldr r1, =READ_COMMAND
    ldr r2, =SSI_BASE + SSI_SPI_CTRLR0
    str r1, [r2]
    movs r1, #1
    str r1, [r3, #SSI_ENABLE]
    ldr r0, =PROGRAM
    ldr r1, =VECTOR_TABLE_OFFSET
    str r0, [r1]
    ldmia r0, {r0, r1}
    msr msp, r0
    bx r1
    .balign 4
    .ltorg
    .size cnnc_boot, . - cnnc_boot
    /* Up to the CRC, 0x04c11db7 from 0xffffffff, of the 252 bytes before it; a test computes it. */
    .org 252
    .word 0xc20a7a30

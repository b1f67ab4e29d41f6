/* SPDX-License-Identifier: MIT-0 */
/* What assembly that is written once for Arm and for Thumb needs: the mode that a file is assembled
 * in, and two words at once where only Thumb's LDRD and STRD take any registers. */
#ifndef CNNC_ARM_MODES_H
#define CNNC_ARM_MODES_H

#if defined(__ASSEMBLER__) && defined(__arm__)
/* clang-format off */

    .syntax unified

#if defined(__thumb__)
    .thumb

.macro cnnc_load_two first, second, base, offset=0
    ldrd \first, \second, [\base, #\offset]
.endm
.macro cnnc_store_two first, second, base, offset=0
    strd \first, \second, [\base, #\offset]
.endm

#else
    .arm

.macro cnnc_load_two first, second, base, offset=0
    ldr \first, [\base, #\offset]
    ldr \second, [\base, #\offset + 4]
.endm
.macro cnnc_store_two first, second, base, offset=0
    str \first, [\base, #\offset]
    str \second, [\base, #\offset + 4]
.endm

#endif
/* clang-format on */
#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The weights of a model that loads them from a file; the build defines CNNC_HARNESS_WEIGHTS,
 * the name of that file, which the assembler finds by -I. */
    .section .rodata
    .global cnnc_harness_weights
    .type cnnc_harness_weights, %object
    .balign 64
cnnc_harness_weights:
    .incbin CNNC_HARNESS_WEIGHTS
.Lweights_end:
    .size cnnc_harness_weights, .Lweights_end - cnnc_harness_weights

    .section .note.GNU-stack, "", %progbits

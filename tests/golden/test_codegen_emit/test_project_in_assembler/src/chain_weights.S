/* SPDX-License-Identifier: MIT-0 */
/* The constant arrays as one file, which the assembler finds by -I. */
#ifndef CNNC_WEIGHTS_ASM_SECTION
#define CNNC_WEIGHTS_ASM_SECTION .section .rodata
#endif

    CNNC_WEIGHTS_ASM_SECTION
    .global chain_weights
    .type chain_weights, %object
    .balign 16
chain_weights:
    .incbin "chain_weights.bin"
.Lchain_weights_end:
    .size chain_weights, 320
    .if .Lchain_weights_end - chain_weights - 320
    .error "chain_weights.bin is not 320 bytes long"
    .endif

    .section .note.GNU-stack, "", %progbits

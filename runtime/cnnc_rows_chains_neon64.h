/* SPDX-License-Identifier: MIT-0 */
/* Steps of cnnc_rows_neon64.S: products of one or two rows with the weights of eight channels.
 * Values of the first row v0-v3, of the second v10-v13; weights v6-v9; sums of 16 bits v4, v5 and
 * v14, v15; sums of 32 bits v16-v23 and v24-v31. */
#ifndef CNNC_ROWS_CHAINS_NEON64_H
#define CNNC_ROWS_CHAINS_NEON64_H

#ifdef __ASSEMBLER__
/* clang-format off */

/* Products of low or high halves in one chain, for one or both rows. */
    .macro low rows, op, chain, x, w
    \op     v\chain\().8h, v\x\().8b, v\w\().8b
    .if \rows == 2
    \op     v1\chain\().8h, v1\x\().8b, v\w\().8b
    .endif
    .endm

    .macro high rows, op, chain, x, w
    \op\()2 v\chain\().8h, v\x\().16b, v\w\().16b
    .if \rows == 2
    \op\()2 v1\chain\().8h, v1\x\().16b, v\w\().16b
    .endif
    .endm

    .macro start_pair rows, chain, x, w
    low     \rows, smull, \chain, \x, \w
    high    \rows, smlal, \chain, \x, \w
    .endm

    .macro add_pair rows, chain, x, w
    low     \rows, smlal, \chain, \x, \w
    high    \rows, smlal, \chain, \x, \w
    .endm

/* The same for two chains side by side: the products of one wait for those before. */
    .macro start_pairs rows, x, w, y, v
    low     \rows, smull, 4, \x, \w
    low     \rows, smull, 5, \y, \v
    high    \rows, smlal, 4, \x, \w
    high    \rows, smlal, 5, \y, \v
    .endm

    .macro add_pairs rows, x, w, y, v
    low     \rows, smlal, 4, \x, \w
    low     \rows, smlal, 5, \y, \v
    high    \rows, smlal, 4, \x, \w
    high    \rows, smlal, 5, \y, \v
    .endm

/* The end of a chain: first and second are the sums of the two rows. */
    .macro widen rows, chain, first, second
    sadalp  v\first\().4s, v\chain\().8h
    .if \rows == 2
    sadalp  v\second\().4s, v1\chain\().8h
    .endif
    .endm

    .macro load_weights
    ld1     {v6.16b-v9.16b}, [x7], #64
    .endm

    .macro load_next_weights is_last
    .if \is_last == 0
    load_weights
    .endif
    .endm

    .macro load_64 rows
    ld1     {v0.16b-v3.16b}, [x9], #64
    .if \rows == 2
    ld1     {v10.16b-v13.16b}, [x10], #64
    .endif
    load_weights
    .endm

/* One channel's 64 products in chains of eight; of four; of three, three and two; of two. */
    .macro chains_8 rows, first, second, is_last=0
    start_pair \rows, 4, 0, 6
    add_pair \rows, 4, 1, 7
    add_pair \rows, 4, 2, 8
    add_pair \rows, 4, 3, 9
    load_next_weights \is_last
    widen   \rows, 4, \first, \second
    .endm

    .macro chains_4_4 rows, first, second, is_last=0
    start_pairs \rows, 0, 6, 2, 8
    add_pairs \rows, 1, 7, 3, 9
    load_next_weights \is_last
    widen   \rows, 4, \first, \second
    widen   \rows, 5, \first, \second
    .endm

    .macro chains_3_3_2 rows, first, second, is_last=0
    low     \rows, smull, 4, 0, 6
    high    \rows, smull, 5, 1, 7
    high    \rows, smlal, 4, 0, 6
    low     \rows, smlal, 5, 2, 8
    low     \rows, smlal, 4, 1, 7
    high    \rows, smlal, 5, 2, 8
    widen   \rows, 4, \first, \second
    start_pair \rows, 4, 3, 9
    load_next_weights \is_last
    widen   \rows, 5, \first, \second
    widen   \rows, 4, \first, \second
    .endm

    .macro chains_2_2_2_2 rows, first, second, is_last=0
    start_pairs \rows, 0, 6, 1, 7
    widen   \rows, 4, \first, \second
    widen   \rows, 5, \first, \second
    start_pairs \rows, 2, 8, 3, 9
    load_next_weights \is_last
    widen   \rows, 4, \first, \second
    widen   \rows, 5, \first, \second
    .endm

    .macro eight_channels chains, rows
    \chains \rows, 16, 24
    \chains \rows, 17, 25
    \chains \rows, 18, 26
    \chains \rows, 19, 27
    \chains \rows, 20, 28
    \chains \rows, 21, 29
    \chains \rows, 22, 30
    \chains \rows, 23, 31, 1
    .endm

/* Two channels' 32 products in chains of four. */
    .macro load_32 rows
    ldp     q0, q1, [x9], #32
    .if \rows == 2
    ldp     q10, q11, [x10], #32
    .endif
    load_weights
    .endm

    .macro two_chains_4 rows, first_a, second_a, first_b, second_b, is_last=0
    start_pairs \rows, 0, 6, 0, 8
    add_pairs \rows, 1, 7, 1, 9
    load_next_weights \is_last
    widen   \rows, 4, \first_a, \second_a
    widen   \rows, 5, \first_b, \second_b
    .endm

/* Two channels' 24 products in chains of three; the last eight values are in both halves. */
    .macro load_24 rows
    ldr     q0, [x9], #16
    ld1r    {v1.2d}, [x9], #8
    .if \rows == 2
    ldr     q10, [x10], #16
    ld1r    {v11.2d}, [x10], #8
    .endif
    ld1     {v6.16b-v8.16b}, [x7], #48
    .endm

    .macro two_chains_3 rows, first_a, second_a, first_b, second_b, is_last=0
    start_pairs \rows, 0, 6, 0, 7
    low     \rows, smlal, 4, 1, 8
    high    \rows, smlal, 5, 1, 8
    .if \is_last == 0
    ld1     {v6.16b-v8.16b}, [x7], #48
    .endif
    widen   \rows, 4, \first_a, \second_a
    widen   \rows, 5, \first_b, \second_b
    .endm

    .macro four_pairs chains, rows
    \chains \rows, 16, 24, 17, 25
    \chains \rows, 18, 26, 19, 27
    \chains \rows, 20, 28, 21, 29
    \chains \rows, 22, 30, 23, 31, 1
    .endm

/* Chains of two of 16 values; single products of eight values, which are in both halves. */
    .macro load_16 rows
    ldr     q0, [x9], #16
    .if \rows == 2
    ldr     q10, [x10], #16
    .endif
    load_weights
    .endm

    .macro two_chains_2 rows, w_a, w_b, first_a, second_a, first_b, second_b
    start_pairs \rows, 0, \w_a, 0, \w_b
    widen   \rows, 4, \first_a, \second_a
    widen   \rows, 5, \first_b, \second_b
    .endm

    .macro load_8 rows
    ld1r    {v0.2d}, [x9], #8
    .if \rows == 2
    ld1r    {v10.2d}, [x10], #8
    .endif
    load_weights
    .endm

    .macro two_products rows, w, first_a, second_a, first_b, second_b
    low     \rows, smull, 4, 0, \w
    high    \rows, smull, 5, 0, \w
    widen   \rows, 4, \first_a, \second_a
    widen   \rows, 5, \first_b, \second_b
    .endm

/* clang-format on */
#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Two short rows in cnnc_rows_neon64.S, times the weights of eight channels that stay in registers:
 * v20-v31 and v10-v13; the biases are in v14 and v15. Values v0, v1 and v8, v9; sums of 16 bits v4,
 * v5, of 32 bits v2, v3, v6, v7; results v16-v19. */
#ifndef CNNC_ROWS_KEPT_NEON64_H
#define CNNC_ROWS_KEPT_NEON64_H

#ifdef __ASSEMBLER__
/* clang-format off */

/* Sixteen products of two channels each; values and more are the row's vectors. */
    .macro kept_products op_low, op_high, values, a, b
    \op_low v4.8h, v\values\().8b, v\a\().8b
    \op_low v5.8h, v\values\().8b, v\b\().8b
    \op_high v4.8h, v\values\().16b, v\a\().16b
    \op_high v5.8h, v\values\().16b, v\b\().16b
    .endm

    .macro kept_sums sum
    saddlp  v6.4s, v4.8h
    saddlp  v7.4s, v5.8h
    addp    v\sum\().4s, v6.4s, v7.4s
    .endm

/* Eight values: neighbours are added up in 16 bits. */
    .macro kept_8 sum, values, more, ab
    smull   v4.8h, v\values\().8b, v\ab\().8b
    smull2  v5.8h, v\values\().16b, v\ab\().16b
    addp    v4.8h, v4.8h, v5.8h
    saddlp  v\sum\().4s, v4.8h
    .endm

    .macro kept_16 sum, values, more, a, b
    kept_products smull, smlal2, \values, \a, \b
    kept_sums \sum
    .endm

/* 24 values in chains of three, or of two and one. */
    .macro kept_24 sum, values, more, a, b, ab
    kept_products smull, smlal2, \values, \a, \b
    smlal   v4.8h, v\more\().8b, v\ab\().8b
    smlal2  v5.8h, v\more\().16b, v\ab\().16b
    kept_sums \sum
    .endm

    .macro kept_16_8 sum, values, more, a, b, ab
    kept_products smull, smlal2, \values, \a, \b
    saddlp  v6.4s, v4.8h
    saddlp  v7.4s, v5.8h
    smull   v4.8h, v\more\().8b, v\ab\().8b
    smull2  v5.8h, v\more\().16b, v\ab\().16b
    kept_end \sum
    .endm

/* 32 values in chains of four, or of two. */
    .macro kept_32 sum, values, more, a, b, c, d
    kept_products smull, smlal2, \values, \a, \c
    kept_products smlal, smlal2, \more, \b, \d
    kept_sums \sum
    .endm

    .macro kept_16_16 sum, values, more, a, b, c, d
    kept_products smull, smlal2, \values, \a, \b
    saddlp  v6.4s, v4.8h
    saddlp  v7.4s, v5.8h
    kept_products smull, smlal2, \more, \c, \d
    kept_end \sum
    .endm

    .macro kept_end sum
    sadalp  v6.4s, v4.8h
    sadalp  v7.4s, v5.8h
    addp    v\sum\().4s, v6.4s, v7.4s
    .endm

/* What four vectors of pairs become: lanes of two channels each. */
    .macro kept_row low, high
    addp    v\low\().4s, v\low\().4s, v2.4s
    addp    v\high\().4s, v\high\().4s, v3.4s
    add     v\low\().4s, v\low\().4s, v14.4s
    add     v\high\().4s, v\high\().4s, v15.4s
    .endm

    .macro kept_row_8 low, high, values, more
    kept_8  \low, \values, \more, 20
    kept_8  2, \values, \more, 21
    kept_8  \high, \values, \more, 22
    kept_8  3, \values, \more, 23
    kept_row \low, \high
    .endm

    .macro kept_row_16 low, high, values, more
    kept_16 \low, \values, \more, 20, 21
    kept_16 2, \values, \more, 22, 23
    kept_16 \high, \values, \more, 24, 25
    kept_16 3, \values, \more, 26, 27
    kept_row \low, \high
    .endm

    .macro kept_row_24 low, high, values, more
    kept_24 \low, \values, \more, 20, 21, 22
    kept_24 2, \values, \more, 23, 24, 25
    kept_24 \high, \values, \more, 26, 27, 28
    kept_24 3, \values, \more, 29, 30, 31
    kept_row \low, \high
    .endm

    .macro kept_row_16_8 low, high, values, more
    kept_16_8 \low, \values, \more, 20, 21, 28
    kept_16_8 2, \values, \more, 22, 23, 29
    kept_16_8 \high, \values, \more, 24, 25, 30
    kept_16_8 3, \values, \more, 26, 27, 31
    kept_row \low, \high
    .endm

    .macro kept_row_32 low, high, values, more
    kept_32 \low, \values, \more, 20, 21, 22, 23
    kept_32 2, \values, \more, 24, 25, 26, 27
    kept_32 \high, \values, \more, 28, 29, 30, 31
    kept_32 3, \values, \more, 10, 11, 12, 13
    kept_row \low, \high
    .endm

    .macro kept_row_16_16 low, high, values, more
    kept_16_16 \low, \values, \more, 20, 21, 28, 29
    kept_16_16 2, \values, \more, 22, 23, 30, 31
    kept_16_16 \high, \values, \more, 24, 25, 10, 11
    kept_16_16 3, \values, \more, 26, 27, 12, 13
    kept_row \low, \high
    .endm

/* The values of two rows. */
    .macro kept_values length
    .if \length == 8
    ld1r    {v0.2d}, [x12], x16
    ld1r    {v8.2d}, [x12], x16
    .elseif \length == 16
    ld1     {v0.16b}, [x12], x16
    ld1     {v8.16b}, [x12], x16
    .else
    ld1     {v0.16b-v1.16b}, [x12], x16
    ld1     {v8.16b-v9.16b}, [x12], x16
    .endif
    .if \length == 24
    dup     v1.2d, v1.d[0]
    dup     v9.2d, v9.d[0]
    .endif
    .endm

/* Loads a block's weights and takes its rows by two. */
    .macro kept_rows row, length
    ld1     {v20.16b-v23.16b}, [x7], #64
    .if \length > 8
    ld1     {v24.16b-v27.16b}, [x7], #64
    .endif
    .if \length > 16
    ld1     {v28.16b-v31.16b}, [x7], #64
    .endif
    .if \length > 24
    ld1     {v10.16b-v13.16b}, [x7], #64
    .endif
    adr     x21, .Lloop_\row
.Lloop_\row:
    kept_values \length
    \row    16, 17, 0, 1
    \row    18, 19, 8, 9
    b       .Lresults_2
    .endm

/* clang-format on */
#endif

#endif

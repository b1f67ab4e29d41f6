/* SPDX-License-Identifier: MIT-0 */
/* How cnnc_rows_neon_dot.S makes results of sums: those of a row are in up to four registers from
 * v16, v20, v24 or v28 on; multipliers are in v0 to v3, shifts in v4 to v7, zero point, minimum,
 * maximum and sign bits in v12 to v15. x7 is where a row's results are stored, x10 the step to the
 * next one's. */
#ifndef CNNC_RESULTS_NEON_DOT_H
#define CNNC_RESULTS_NEON_DOT_H

#ifdef __ASSEMBLER__
/* clang-format off */

/* Multiplies the sums of a row by multipliers and shifts. */
.macro SCALE_ROW width, kind, a, b, c, d
    .ifc \kind, single
    sqdmulh v\a\().4s, v\a\().4s, v0.4s
    .else
    sqrdmulh v\a\().4s, v\a\().4s, v0.4s
    .endif
    .if \width > 4
    .ifc \kind, single
    sqdmulh v\b\().4s, v\b\().4s, v1.4s
    .else
    sqrdmulh v\b\().4s, v\b\().4s, v1.4s
    .endif
    .endif
    .if \width > 8
    .ifc \kind, single
    sqdmulh v\c\().4s, v\c\().4s, v2.4s
    sqdmulh v\d\().4s, v\d\().4s, v3.4s
    .else
    sqrdmulh v\c\().4s, v\c\().4s, v2.4s
    sqrdmulh v\d\().4s, v\d\().4s, v3.4s
    .endif
    .endif
    .ifc \kind, signed
    ssra v\a\().4s, v\a\().4s, #31
    .if \width > 4
    ssra v\b\().4s, v\b\().4s, #31
    .endif
    .if \width > 8
    ssra v\c\().4s, v\c\().4s, #31
    ssra v\d\().4s, v\d\().4s, #31
    .endif
    .endif
    srshl v\a\().4s, v\a\().4s, v4.4s
    .if \width > 4
    srshl v\b\().4s, v\b\().4s, v5.4s
    .endif
    .if \width > 8
    srshl v\c\().4s, v\c\().4s, v6.4s
    srshl v\d\().4s, v\d\().4s, v7.4s
    .endif
.endm

.macro SCALE rows, width, kind
    SCALE_ROW \width, \kind, 16, 17, 18, 19
    .if \rows > 1
    SCALE_ROW \width, \kind, 20, 21, 22, 23
    .endif
    .if \rows > 2
    SCALE_ROW \width, \kind, 24, 25, 26, 27
    .endif
    .if \rows > 3
    SCALE_ROW \width, \kind, 28, 29, 30, 31
    .endif
.endm

/* Scaled sums to 16 bits, which they fit. */
.macro HALVES_OF_ROW width, a, b, c, d
    .if \width == 4
    xtn v\a\().4h, v\a\().4s
    .else
    uzp1 v\a\().8h, v\a\().8h, v\b\().8h
    .endif
    .if \width > 8
    uzp1 v\c\().8h, v\c\().8h, v\d\().8h
    .endif
.endm

/* Where the zero point is -128: saturated without sign, then 128 less. */
.macro FINISH_ROW_FROM_ZERO width, a, b, c, d
    HALVES_OF_ROW \width, \a, \b, \c, \d
    sqxtun v\a\().8b, v\a\().8h
    .if \width > 8
    sqxtun2 v\a\().16b, v\c\().8h
    .endif
    eor v\a\().16b, v\a\().16b, v15.16b
.endm

.macro FINISH_ROW width, a, b, c, d
    HALVES_OF_ROW \width, \a, \b, \c, \d
    sqadd v\a\().8h, v\a\().8h, v12.8h
    sqxtn v\a\().8b, v\a\().8h
    .if \width > 8
    sqadd v\c\().8h, v\c\().8h, v12.8h
    sqxtn2 v\a\().16b, v\c\().8h
    .endif
    smax v\a\().16b, v\a\().16b, v13.16b
    smin v\a\().16b, v\a\().16b, v14.16b
.endm

.macro STORE_ROW width, a, b, c, d
    .if \width == 16
    st1 {v\a\().16b}, [x7], x10
    .elseif \width == 8
    st1 {v\a\().8b}, [x7], x10
    .else
    st1 {v\a\().s}[0], [x7], x10
    .endif
.endm

.macro STORE_SUMS_OF_ROW width, a, b, c, d
    .if \width == 16
    st1 {v\a\().4s, v\b\().4s, v\c\().4s, v\d\().4s}, [x7], x10
    .elseif \width == 8
    st1 {v\a\().4s, v\b\().4s}, [x7], x10
    .else
    st1 {v\a\().4s}, [x7], x10
    .endif
.endm

/* Runs a macro for the sums of each row. */
.macro EACH_ROW macro, rows, width
    \macro \width, 16, 17, 18, 19
    .if \rows > 1
    \macro \width, 20, 21, 22, 23
    .endif
    .if \rows > 2
    \macro \width, 24, 25, 26, 27
    .endif
    .if \rows > 3
    \macro \width, 28, 29, 30, 31
    .endif
.endm

/* clang-format on */
#endif

#endif

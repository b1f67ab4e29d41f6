/* SPDX-License-Identifier: MIT-0 */
/* Sixteen channels of a 3x3 depthwise convolution: see cnnc_depthwise_columns_neon_dot.h. */
#if defined(CNNC_PREFIX) && defined(__AARCH64EL__) && defined(__ARM_FEATURE_DOTPROD) &&             \
    defined(__ELF__)

#include "cnnc_common.h"

/* Fields of struct cnnc_depthwise_columns_dot. */
#define COLUMNS_INPUT 0
#define COLUMNS_CHANNELS 16
#define COLUMNS_LINES 32
#define COLUMNS_LINE_BYTES 48
#define COLUMNS_OUTPUT_STEP 64
#define COLUMNS_SCALING 80
#define COLUMNS_ZERO_POINT 96

/* Bits of the scaling, as in cnnc_rows_neon_dot.h. */
#define SCALING_SIGNED 0
#define SCALING_SINGLE 1
#define SCALING_FROM_ZERO 2

/* x1 to x4    where the lines of the image are read
 * x5          weights; x10 the first ones
 * x6          channels
 * x7, x8      output of the first and of the second line
 * x9          bytes of a column of the image
 * x11         outputs of a line that are left, of x12
 * x13         lines, or pairs of lines, that are left
 * x14, x15    input and output of the line
 * x16, x17    steps from line to line of input and output
 * x19, x20    scaling, and without SCALING_FROM_ZERO
 * x21         bytes of a line of the image
 * x22         bytes from output to output
 * v0 to v7    lines of a column and their halfwords; weights; multipliers and shifts
 * v12 to v15  zero point, minimum, maximum, sign bits
 * v16 to v27  three columns: of each channel the bytes of four lines
 * v28 to v31  sums of the first line, v8 to v11 of the second */

/* The next column into registers. Of three lines the last one is taken twice: its weight is 0. */
.macro COLUMN lines, a, b, c, d
    ld1 {v0.16b}, [x1], x9
    ld1 {v1.16b}, [x2], x9
    ld1 {v2.16b}, [x3], x9
    zip1 v4.16b, v0.16b, v1.16b
    zip2 v5.16b, v0.16b, v1.16b
    .if \lines == 2
    ld1 {v3.16b}, [x4], x9
    zip1 v6.16b, v2.16b, v3.16b
    zip2 v7.16b, v2.16b, v3.16b
    .else
    zip1 v6.16b, v2.16b, v2.16b
    zip2 v7.16b, v2.16b, v2.16b
    .endif
    zip1 v\a\().8h, v4.8h, v6.8h
    zip2 v\b\().8h, v4.8h, v6.8h
    zip1 v\c\().8h, v5.8h, v7.8h
    zip2 v\d\().8h, v5.8h, v7.8h
.endm

/* Sums += a column times its weights. */
.macro DOT p, q, r, s, a, b, c, d
    ld1 {v4.16b, v5.16b, v6.16b, v7.16b}, [x5], #64
    sdot v\p\().4s, v4.16b, v\a\().16b
    sdot v\q\().4s, v5.16b, v\b\().16b
    sdot v\r\().4s, v6.16b, v\c\().16b
    sdot v\s\().4s, v7.16b, v\d\().16b
.endm

.macro SUMS_OF_COLUMNS p, q, r, s, first, second, third
    ld1 {v\p\().4s, v\q\().4s, v\r\().4s, v\s\().4s}, [x6]
    SUMS_OF_COLUMN \p, \q, \r, \s, \first
    SUMS_OF_COLUMN \p, \q, \r, \s, \second
    SUMS_OF_COLUMN \p, \q, \r, \s, \third
.endm

.macro SUMS_OF_COLUMN p, q, r, s, column
    .if \column == 0
    DOT \p, \q, \r, \s, 16, 17, 18, 19
    .elseif \column == 1
    DOT \p, \q, \r, \s, 20, 21, 22, 23
    .else
    DOT \p, \q, \r, \s, 24, 25, 26, 27
    .endif
.endm

.macro NEXT_COLUMN lines, column
    .if \column == 0
    COLUMN \lines, 16, 17, 18, 19
    .elseif \column == 1
    COLUMN \lines, 20, 21, 22, 23
    .else
    COLUMN \lines, 24, 25, 26, 27
    .endif
.endm

.macro MULTIPLY instruction, p, q, r, s
    \instruction v\p\().4s, v\p\().4s, v0.4s
    \instruction v\q\().4s, v\q\().4s, v1.4s
    \instruction v\r\().4s, v\r\().4s, v2.4s
    \instruction v\s\().4s, v\s\().4s, v3.4s
.endm

.macro SUBTRACT_SIGNS p, q, r, s
    ssra v\p\().4s, v\p\().4s, #31
    ssra v\q\().4s, v\q\().4s, #31
    ssra v\r\().4s, v\r\().4s, #31
    ssra v\s\().4s, v\s\().4s, #31
.endm

/* Shifted sums as 16 bits, which they fit. */
.macro SHIFT p, q, r, s
    srshl v\p\().4s, v\p\().4s, v4.4s
    srshl v\q\().4s, v\q\().4s, v5.4s
    srshl v\r\().4s, v\r\().4s, v6.4s
    srshl v\s\().4s, v\s\().4s, v7.4s
    uzp1 v\p\().8h, v\p\().8h, v\q\().8h
    uzp1 v\r\().8h, v\r\().8h, v\s\().8h
.endm

/* Where the zero point is -128: saturated without sign, then 128 less. */
.macro FINISH_FROM_ZERO p, q, r, s
    SHIFT \p, \q, \r, \s
    sqxtun v\p\().8b, v\p\().8h
    sqxtun2 v\p\().16b, v\r\().8h
    eor v\p\().16b, v\p\().16b, v15.16b
.endm

.macro FINISH p, q, r, s
    SHIFT \p, \q, \r, \s
    sqadd v\p\().8h, v\p\().8h, v12.8h
    sqadd v\r\().8h, v\r\().8h, v12.8h
    sqxtn v\p\().8b, v\p\().8h
    sqxtn2 v\p\().16b, v\r\().8h
    smax v\p\().16b, v\p\().16b, v13.16b
    smin v\p\().16b, v\p\().16b, v14.16b
.endm

/* An output of each line from three columns. */
.macro PIXEL name, lines, first, second, third
    mov x5, x10
    SUMS_OF_COLUMNS 28, 29, 30, 31, \first, \second, \third
    .if \lines == 2
    SUMS_OF_COLUMNS 8, 9, 10, 11, \first, \second, \third
    .endif
    add x5, x6, #64
    ld1 {v0.4s, v1.4s, v2.4s, v3.4s}, [x5], #64
    ld1 {v4.4s, v5.4s, v6.4s, v7.4s}, [x5]
    cbnz x20, .L\name\()_scale_\third
    MULTIPLY sqrdmulh, 28, 29, 30, 31
    .if \lines == 2
    MULTIPLY sqrdmulh, 8, 9, 10, 11
    .endif
    tbz x19, #SCALING_FROM_ZERO, .L\name\()_finish_\third
.L\name\()_from_zero_\third:
    FINISH_FROM_ZERO 28, 29, 30, 31
    .if \lines == 2
    FINISH_FROM_ZERO 8, 9, 10, 11
    .endif
.L\name\()_store_\third:
    st1 {v28.16b}, [x7], x22
    .if \lines == 2
    st1 {v8.16b}, [x8], x22
    .endif
    subs x11, x11, #1
    b.eq .L\name\()_next_line
.endm

/* The parts of an output that are not always needed. */
.macro PIXEL_BRANCHES name, lines, third
.L\name\()_scale_\third:
    tbnz x19, #SCALING_SINGLE, .L\name\()_single_\third
    MULTIPLY sqrdmulh, 28, 29, 30, 31
    SUBTRACT_SIGNS 28, 29, 30, 31
    .if \lines == 2
    MULTIPLY sqrdmulh, 8, 9, 10, 11
    SUBTRACT_SIGNS 8, 9, 10, 11
    .endif
.L\name\()_finish_\third:
    FINISH 28, 29, 30, 31
    .if \lines == 2
    FINISH 8, 9, 10, 11
    .endif
    b .L\name\()_store_\third
.L\name\()_single_\third:
    MULTIPLY sqdmulh, 28, 29, 30, 31
    .if \lines == 2
    MULTIPLY sqdmulh, 8, 9, 10, 11
    .endif
    tbnz x19, #SCALING_FROM_ZERO, .L\name\()_from_zero_\third
    b .L\name\()_finish_\third
.endm

/* lines of output at a time, columns of the image between two outputs. */
.macro COLUMNS_FUNCTION name, lines, stride
    .section .text.\name, "ax", %progbits
    .balign 16
    .global \name
    .hidden \name
    .type \name, %function
\name:
    stp d8, d9, [sp, #-96]!
    stp d10, d11, [sp, #16]
    stp d12, d13, [sp, #32]
    stp d14, d15, [sp, #48]
    stp x19, x20, [sp, #64]
    stp x21, x22, [sp, #80]
    ldp x14, x10, [x0, #COLUMNS_INPUT]
    ldp x6, x15, [x0, #COLUMNS_CHANNELS]
    ldp x13, x12, [x0, #COLUMNS_LINES]
    ldp x21, x9, [x0, #COLUMNS_LINE_BYTES]
    ldp x17, x16, [x0, #COLUMNS_OUTPUT_STEP]
    ldp x19, x22, [x0, #COLUMNS_SCALING]
    add x1, x0, #COLUMNS_ZERO_POINT
    ld1r {v12.8h}, [x1], #2
    ld1r {v13.16b}, [x1], #1
    ld1r {v14.16b}, [x1]
    movi v15.16b, #0x80
    and x20, x19, #~(1 << SCALING_FROM_ZERO)
.L\name\()_line:
    mov x1, x14
    add x2, x1, x21
    add x3, x2, x21
    mov x7, x15
    .if \lines == 2
    add x4, x3, x21
    add x8, x15, x17
    add x15, x8, x17
    .else
    add x15, x15, x17
    .endif
    add x14, x14, x16
    mov x11, x12
    NEXT_COLUMN \lines, 0
    .if \stride == 1
    NEXT_COLUMN \lines, 1
.L\name\()_pixel:
    NEXT_COLUMN \lines, 2
    PIXEL \name, \lines, 0, 1, 2
    NEXT_COLUMN \lines, 0
    PIXEL \name, \lines, 1, 2, 0
    NEXT_COLUMN \lines, 1
    PIXEL \name, \lines, 2, 0, 1
    .else
.L\name\()_pixel:
    NEXT_COLUMN \lines, 1
    NEXT_COLUMN \lines, 2
    PIXEL \name, \lines, 0, 1, 2
    NEXT_COLUMN \lines, 0
    NEXT_COLUMN \lines, 1
    PIXEL \name, \lines, 2, 0, 1
    NEXT_COLUMN \lines, 2
    NEXT_COLUMN \lines, 0
    PIXEL \name, \lines, 1, 2, 0
    .endif
    b .L\name\()_pixel
.L\name\()_next_line:
    subs x13, x13, #1
    b.ne .L\name\()_line
    ldp x21, x22, [sp, #80]
    ldp x19, x20, [sp, #64]
    ldp d14, d15, [sp, #48]
    ldp d12, d13, [sp, #32]
    ldp d10, d11, [sp, #16]
    ldp d8, d9, [sp], #96
    ret
    PIXEL_BRANCHES \name, \lines, 0
    PIXEL_BRANCHES \name, \lines, 1
    PIXEL_BRANCHES \name, \lines, 2
    .size \name, . - \name
.endm

COLUMNS_FUNCTION CNNC_SYMBOL(depthwise_dot_pairs), 2, 1
COLUMNS_FUNCTION CNNC_SYMBOL(depthwise_dot_lines), 1, 1
COLUMNS_FUNCTION CNNC_SYMBOL(depthwise_dot_stride_2), 1, 2
COLUMNS_FUNCTION CNNC_SYMBOL(depthwise_dot_pairs_stride_2), 2, 2

#endif

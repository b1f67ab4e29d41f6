/* SPDX-License-Identifier: MIT-0 */
/* Rows of int8 times blocks of 16, 8 or 4 output channels: see cnnc_rows_neon_dot.h. */
#if defined(CNNC_PREFIX) && defined(__AARCH64EL__) && defined(__ARM_FEATURE_DOTPROD) &&             \
    defined(__ELF__)

#include "cnnc_common.h"
#include "cnnc_results_neon_dot.h"

/* Fields of struct cnnc_dot_rows. */
#define ROWS_INPUT 0
#define ROWS_CHANNELS 16
#define ROWS_ROWS 32
#define ROWS_ROW_STEP 48
#define ROWS_SEGMENTS 64
#define ROWS_QUADS 80
#define ROWS_ZERO_POINT 96
#define ROWS_MINIMUM 98
#define ROWS_MAXIMUM 99

/* Bits of the scaling. */
#define SCALING_SIGNED 0
#define SCALING_SINGLE 1
#define SCALING_FROM_ZERO 2
#define SCALING_SUMS 3

/* x1 to x4    where the rows of the tile are read
 * x5          weights, x11 those of the block
 * x6          channels of the block
 * x7          output of the tile
 * x8          input of the next tile
 * x9, x10     steps from row to row of input and output
 * x12         rows that are left, less four
 * x13, x14    loops; x15 scratch
 * x17         quads of a segment
 * x19         blocks that are left
 * x20         from where a segment was read to the next one
 * x21, x23    scaling, and without SCALING_FROM_ZERO
 * x22         segments
 * x24, x25    output of the block; input
 * v0 to v7    values of up to four rows; then multipliers and shifts
 * v8 to v11   weights
 * v12 to v15  zero point, minimum, maximum, sign bits
 * v16 to v31  sums, four registers of each row */

/* Vectors of one number for each channel. */
.macro LOAD_CHANNELS width, a, b, c, d, address:vararg
    .if \width == 16
    ld1 {v\a\().4s, v\b\().4s, v\c\().4s, v\d\().4s}, \address
    .elseif \width == 8
    ld1 {v\a\().4s, v\b\().4s}, \address
    .else
    ld1 {v\a\().4s}, \address
    .endif
.endm

.macro LOAD_BIAS rows, width
    LOAD_CHANNELS \width, 16, 17, 18, 19, [x6]
    .if \rows > 1
    LOAD_CHANNELS \width, 20, 21, 22, 23, [x6]
    .endif
    .if \rows > 2
    LOAD_CHANNELS \width, 24, 25, 26, 27, [x6]
    .endif
    .if \rows > 3
    LOAD_CHANNELS \width, 28, 29, 30, 31, [x6]
    .endif
.endm

/* Two vectors of each row, the first ones in v0, v2, v4, v6. */
.macro LOAD_TWO rows
    ld1 {v0.16b, v1.16b}, [x1], #32
    .if \rows > 1
    ld1 {v2.16b, v3.16b}, [x2], #32
    .endif
    .if \rows > 2
    ld1 {v4.16b, v5.16b}, [x3], #32
    .endif
    .if \rows > 3
    ld1 {v6.16b, v7.16b}, [x4], #32
    .endif
.endm

/* One vector of each row, in v0, v2, v4, v6. */
.macro LOAD_ONE rows
    ldr q0, [x1], #16
    .if \rows > 1
    ldr q2, [x2], #16
    .endif
    .if \rows > 2
    ldr q4, [x3], #16
    .endif
    .if \rows > 3
    ldr q6, [x4], #16
    .endif
.endm

/* The sums of a row += one quad of its values times weights. */
.macro DOT_ROW width, a, b, c, d, values, lane, p, q, r, s
    sdot v\a\().4s, v\p\().16b, v\values\().4b[\lane]
    .if \width > 4
    sdot v\b\().4s, v\q\().16b, v\values\().4b[\lane]
    .endif
    .if \width > 8
    sdot v\c\().4s, v\r\().16b, v\values\().4b[\lane]
    sdot v\d\().4s, v\s\().16b, v\values\().4b[\lane]
    .endif
.endm

/* The same for all rows; their values are in i, j, k, l. */
.macro DOT_QUAD rows, width, i, j, k, l, lane, p, q, r, s
    DOT_ROW \width, 16, 17, 18, 19, \i, \lane, \p, \q, \r, \s
    .if \rows > 1
    DOT_ROW \width, 20, 21, 22, 23, \j, \lane, \p, \q, \r, \s
    .endif
    .if \rows > 2
    DOT_ROW \width, 24, 25, 26, 27, \k, \lane, \p, \q, \r, \s
    .endif
    .if \rows > 3
    DOT_ROW \width, 28, 29, 30, 31, \l, \lane, \p, \q, \r, \s
    .endif
.endm

.macro LOAD_WEIGHTS
    ld1 {v8.16b, v9.16b, v10.16b, v11.16b}, [x5], #64
.endm

/* One vector of each row, four quads. */
.macro DOT_VECTOR rows, width, i, j, k, l
    .if \width == 16
    .irp lane, 0, 1, 2, 3
    LOAD_WEIGHTS
    DOT_QUAD \rows, 16, \i, \j, \k, \l, \lane, 8, 9, 10, 11
    .endr
    .elseif \width == 8
    LOAD_WEIGHTS
    DOT_QUAD \rows, 8, \i, \j, \k, \l, 0, 8, 9, 8, 9
    DOT_QUAD \rows, 8, \i, \j, \k, \l, 1, 10, 11, 10, 11
    LOAD_WEIGHTS
    DOT_QUAD \rows, 8, \i, \j, \k, \l, 2, 8, 9, 8, 9
    DOT_QUAD \rows, 8, \i, \j, \k, \l, 3, 10, 11, 10, 11
    .else
    LOAD_WEIGHTS
    DOT_QUAD \rows, 4, \i, \j, \k, \l, 0, 8, 8, 8, 8
    DOT_QUAD \rows, 4, \i, \j, \k, \l, 1, 9, 9, 9, 9
    DOT_QUAD \rows, 4, \i, \j, \k, \l, 2, 10, 10, 10, 10
    DOT_QUAD \rows, 4, \i, \j, \k, \l, 3, 11, 11, 11, 11
    .endif
.endm

/* One quad of each row's vector. */
.macro DOT_LAST_QUAD rows, width, lane
    .if \width == 16
    LOAD_WEIGHTS
    .elseif \width == 8
    ld1 {v8.16b, v9.16b}, [x5], #32
    .else
    ldr q8, [x5], #16
    .endif
    DOT_QUAD \rows, \width, 0, 2, 4, 6, \lane, 8, 9, 10, 11
.endm

/* All vectors of a segment that are full. */
.macro DOT_VECTORS rows, width
    .if \rows == 1
    lsr x14, x17, #4
    cbz x14, 2f
1:
    ld1 {v0.16b, v1.16b, v2.16b, v3.16b}, [x1], #64
    subs x14, x14, #1
    DOT_VECTOR 1, \width, 0, 0, 0, 0
    DOT_VECTOR 1, \width, 1, 1, 1, 1
    DOT_VECTOR 1, \width, 2, 2, 2, 2
    DOT_VECTOR 1, \width, 3, 3, 3, 3
    b.ne 1b
2:
    tbz x17, #3, 3f
    LOAD_TWO 1
    DOT_VECTOR 1, \width, 0, 0, 0, 0
    DOT_VECTOR 1, \width, 1, 1, 1, 1
    .else
    lsr x14, x17, #3
    cbz x14, 3f
1:
    LOAD_TWO \rows
    subs x14, x14, #1
    DOT_VECTOR \rows, \width, 0, 2, 4, 6
    DOT_VECTOR \rows, \width, 1, 3, 5, 7
    b.ne 1b
    .endif
3:
    tbz x17, #2, 4f
    LOAD_ONE \rows
    DOT_VECTOR \rows, \width, 0, 2, 4, 6
4:
.endm

/* Up to three quads behind the full vectors. */
.macro DOT_TAIL rows, width
    ands x14, x17, #3
    b.eq 5f
    LOAD_ONE \rows
    cmp x14, #2
    DOT_LAST_QUAD \rows, \width, 0
    b.lo 5f
    DOT_LAST_QUAD \rows, \width, 1
    b.eq 5f
    DOT_LAST_QUAD \rows, \width, 2
5:
.endm

/* A tile of rows: reads from x8 on, which moves to the next tile. */
.macro DOT_TILE rows, width
    mov x1, x8
    .if \rows > 1
    add x2, x1, x9
    .endif
    .if \rows > 2
    add x3, x2, x9
    .endif
    .if \rows > 3
    add x4, x3, x9
    .endif
    add x8, x8, x9, lsl #\rows / 2
    .if \rows == 3
    add x8, x8, x9
    .endif
    mov x5, x11
    mov x13, x22
    LOAD_BIAS \rows, \width
.Ldot_\width\()_\rows\()_segment:
    DOT_VECTORS \rows, \width
    DOT_TAIL \rows, \width
    subs x13, x13, #1
    b.ne .Ldot_\width\()_\rows\()_next
    add x15, x6, #4 * \width
    LOAD_CHANNELS \width, 0, 1, 2, 3, [x15], #4 * \width
    LOAD_CHANNELS \width, 4, 5, 6, 7, [x15]
    cbnz x23, .Ldot_\width\()_\rows\()_scale
    SCALE \rows, \width, positive
    tbz x21, #SCALING_FROM_ZERO, .Ldot_\width\()_\rows\()_finish
.Ldot_\width\()_\rows\()_from_zero:
    EACH_ROW FINISH_ROW_FROM_ZERO, \rows, \width
.Ldot_\width\()_\rows\()_store:
    EACH_ROW STORE_ROW, \rows, \width
.Ldot_\width\()_\rows\()_done:
.endm

/* The parts of a tile that are not always needed. */
.macro DOT_TILE_BRANCHES rows, width
.Ldot_\width\()_\rows\()_next:
    add x1, x1, x20
    .if \rows > 1
    add x2, x2, x20
    .endif
    .if \rows > 2
    add x3, x3, x20
    .endif
    .if \rows > 3
    add x4, x4, x20
    .endif
    b .Ldot_\width\()_\rows\()_segment
.Ldot_\width\()_\rows\()_scale:
    tbnz x21, #SCALING_SUMS, .Ldot_\width\()_\rows\()_sums
    tbnz x21, #SCALING_SINGLE, .Ldot_\width\()_\rows\()_single
    SCALE \rows, \width, signed
.Ldot_\width\()_\rows\()_finish:
    EACH_ROW FINISH_ROW, \rows, \width
    b .Ldot_\width\()_\rows\()_store
.Ldot_\width\()_\rows\()_single:
    SCALE \rows, \width, single
    tbnz x21, #SCALING_FROM_ZERO, .Ldot_\width\()_\rows\()_from_zero
    b .Ldot_\width\()_\rows\()_finish
.Ldot_\width\()_\rows\()_sums:
    EACH_ROW STORE_SUMS_OF_ROW, \rows, \width
    b .Ldot_\width\()_\rows\()_done
.endm

/* Blocks of 16 channels of a single row of one segment: nothing is read twice. */
.macro DOT_SINGLE_ROW
.Ldot_single:
    mov x5, x11
.Ldot_single_block:
    ld1 {v16.4s, v17.4s, v18.4s, v19.4s}, [x6], #64
    mov x1, x25
    DOT_VECTORS 1, 16
    DOT_TAIL 1, 16
    ld1 {v0.4s, v1.4s, v2.4s, v3.4s}, [x6], #64
    ld1 {v4.4s, v5.4s, v6.4s, v7.4s}, [x6], #64
    cbnz x23, .Ldot_single_scale
    SCALE 1, 16, positive
    tbz x21, #SCALING_FROM_ZERO, .Ldot_single_finish
.Ldot_single_from_zero:
    FINISH_ROW_FROM_ZERO 16, 16, 17, 18, 19
.Ldot_single_store:
    str q16, [x24], #16
    subs x19, x19, #1
    b.ne .Ldot_single_block
    b .Ldot_16_return
.Ldot_single_scale:
    tbnz x21, #SCALING_SINGLE, .Ldot_single_once
    SCALE 1, 16, signed
.Ldot_single_finish:
    FINISH_ROW 16, 16, 17, 18, 19
    b .Ldot_single_store
.Ldot_single_once:
    SCALE 1, 16, single
    tbnz x21, #SCALING_FROM_ZERO, .Ldot_single_from_zero
    b .Ldot_single_finish
.endm

.macro DOT_FUNCTION name, width
    .section .text.\name, "ax", %progbits
    .balign 16
    .global \name
    .hidden \name
    .type \name, %function
\name:
    stp d8, d9, [sp, #-128]!
    stp d10, d11, [sp, #16]
    stp d12, d13, [sp, #32]
    stp d14, d15, [sp, #48]
    stp x19, x20, [sp, #64]
    stp x21, x22, [sp, #80]
    stp x23, x24, [sp, #96]
    str x25, [sp, #112]
    ldp x25, x11, [x0, #ROWS_INPUT]
    ldp x6, x24, [x0, #ROWS_CHANNELS]
    ldp x15, x19, [x0, #ROWS_ROWS]
    ldp x9, x10, [x0, #ROWS_ROW_STEP]
    ldp x22, x20, [x0, #ROWS_SEGMENTS]
    ldp x17, x21, [x0, #ROWS_QUADS]
    add x1, x0, #ROWS_ZERO_POINT
    ld1r {v12.8h}, [x1], #2
    ld1r {v13.16b}, [x1], #1
    ld1r {v14.16b}, [x1]
    movi v15.16b, #0x80
    sub x0, x15, #4
    add x14, x17, #3
    and x14, x14, #-4
    sub x20, x20, x14, lsl #2
    and x23, x21, #~(1 << SCALING_FROM_ZERO)
    .if \width == 16
    orr x14, x15, x22
    cmp x14, #1
    b.ne .Ldot_16_block
    tbz x21, #SCALING_SUMS, .Ldot_single
    .endif
.Ldot_\width\()_block:
    mov x8, x25
    mov x7, x24
    adds x12, x0, xzr
    b.mi .Ldot_\width\()_rest
.Ldot_\width\()_tile:
    DOT_TILE 4, \width
    subs x12, x12, #4
    b.pl .Ldot_\width\()_tile
.Ldot_\width\()_rest:
    cmn x12, #2
    b.lt .Ldot_\width\()_less_than_two
    b.eq .Ldot_\width\()_two
    DOT_TILE 3, \width
    b .Ldot_\width\()_next_block
.Ldot_\width\()_two:
    DOT_TILE 2, \width
    b .Ldot_\width\()_next_block
.Ldot_\width\()_less_than_two:
    cmn x12, #4
    b.eq .Ldot_\width\()_next_block
    DOT_TILE 1, \width
.Ldot_\width\()_next_block:
    mov x11, x5
    add x6, x6, #12 * \width
    add x24, x24, #\width
    subs x19, x19, #1
    b.ne .Ldot_\width\()_block
.Ldot_\width\()_return:
    ldr x25, [sp, #112]
    ldp x23, x24, [sp, #96]
    ldp x21, x22, [sp, #80]
    ldp x19, x20, [sp, #64]
    ldp d14, d15, [sp, #48]
    ldp d12, d13, [sp, #32]
    ldp d10, d11, [sp, #16]
    ldp d8, d9, [sp], #128
    ret
    DOT_TILE_BRANCHES 4, \width
    DOT_TILE_BRANCHES 3, \width
    DOT_TILE_BRANCHES 2, \width
    DOT_TILE_BRANCHES 1, \width
    .if \width == 16
    DOT_SINGLE_ROW
    .endif
    .size \name, . - \name
.endm

DOT_FUNCTION CNNC_SYMBOL(dot_rows_16), 16
DOT_FUNCTION CNNC_SYMBOL(dot_rows_8), 8
DOT_FUNCTION CNNC_SYMBOL(dot_rows_4), 4

#endif

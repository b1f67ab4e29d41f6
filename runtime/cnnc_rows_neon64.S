/* SPDX-License-Identifier: MIT-0 */
/* Products of rows of values with the weights of output channels: see cnnc_rows_neon64.h.
 * Two rows and eight channels at a time. x9, x10 values, x7 weights, x8 runs, x12 the next rows, x13
 * output, w14 steps that are left. x4, x5 where the block's weights and runs begin, x6, x19, x20 its
 * channels; w24 its first run, x0 that run's step; w11 pairs of rows that are left, x21 where the next
 * one is computed, w22 channels. */
#if defined(CNNC_PREFIX) && defined(__aarch64__) && defined(__ARM_NEON) && defined(__ELF__) &&     \
    defined(__AARCH64EL__)

#include "cnnc_common.h"
#include "cnnc_rows_chains_neon64.h"
#include "cnnc_rows_kept_neon64.h"

/* Fields of struct cnnc_rows_layer_neon64. */
#define ROWS_WEIGHTS 0
#define ROWS_RUNS 8
#define ROWS_CHANNELS 16
#define ROWS_OUTPUT_CHANNELS 24
#define ROWS_ROW_BYTES 28
#define ROWS_OUTPUT_STEP 32
#define ROWS_SCALING 36
#define ROWS_ZERO_POINT 40
#define ROWS_MINIMUM 44
#define ROWS_MAXIMUM 48

/* Locals on the stack: zero point, minimum and maximum as vectors, then registers of the caller. */
#define LOCAL_REGISTERS 48
#define LOCAL_BYTES 160

/* The same step again, the next run, or the end. */
    .macro again rows, label
    subs    w14, w14, #0x10, lsl #12
    b.pl    \label\()_\rows
    ldr     w14, [x8], #4
    tbnz    w14, #31, .Lsummed_\rows
    b       .Lrun_\rows
    .endm

/* Reads runs of steps until the last, adding up the products of eight channels. */
    .macro sums rows
    ld1     {v16.4s-v19.4s}, [x6]
    ld1     {v20.4s-v23.4s}, [x19]
    .if \rows == 2
    ld1     {v24.4s-v27.4s}, [x6]
    ld1     {v28.4s-v31.4s}, [x19]
    .endif
    .if \rows == 2
    add     x8, x5, #4
    mov     w14, w24
    br      x0
    .else
    ldr     w14, [x8], #4
    .endif
.Lrun_\rows:
    adr     x15, .Lsteps_\rows
    add     x15, x15, w14, uxth
    br      x15
.Lsteps_\rows:
    b       .Lsingle_\rows
    b       .Ltwo_\rows
    b       .Lthree_\rows
    b       .Lfour_\rows
    b       .Ltwos_\rows
    b       .Lthrees_\rows
    b       .Lfours_\rows
.Leight_\rows:
    load_64 \rows
    eight_channels chains_8, \rows
    again   \rows, .Leight
.Lfours_\rows:
    load_64 \rows
    eight_channels chains_4_4, \rows
    again   \rows, .Lfours
.Lthrees_\rows:
    load_64 \rows
    eight_channels chains_3_3_2, \rows
    again   \rows, .Lthrees
.Ltwos_\rows:
    load_64 \rows
    eight_channels chains_2_2_2_2, \rows
    again   \rows, .Ltwos
.Lfour_\rows:
    load_32 \rows
    four_pairs two_chains_4, \rows
    again   \rows, .Lfour
.Lthree_\rows:
    load_24 \rows
    four_pairs two_chains_3, \rows
    again   \rows, .Lthree
.Ltwo_\rows:
    load_16 \rows
    two_chains_2 \rows, 6, 7, 16, 24, 17, 25
    two_chains_2 \rows, 8, 9, 18, 26, 19, 27
    load_weights
    two_chains_2 \rows, 6, 7, 20, 28, 21, 29
    two_chains_2 \rows, 8, 9, 22, 30, 23, 31
    again   \rows, .Ltwo
.Lsingle_\rows:
    load_8  \rows
    two_products \rows, 6, 16, 24, 17, 25
    two_products \rows, 7, 18, 26, 19, 27
    two_products \rows, 8, 20, 28, 21, 29
    two_products \rows, 9, 22, 30, 23, 31
    again   \rows, .Lsingle
.Lsummed_\rows:
    add_across 16, 17, 16, 17, 18, 19, 20, 21, 22, 23
    .if \rows == 2
    add_across 18, 19, 24, 25, 26, 27, 28, 29, 30, 31
    .endif
    .endm

/* Lanes of eight sums, into two vectors of four channels. */
    .macro add_across low, high, a, b, c, d, e, f, g, h
    addp    v\a\().4s, v\a\().4s, v\b\().4s
    addp    v\c\().4s, v\c\().4s, v\d\().4s
    addp    v\e\().4s, v\e\().4s, v\f\().4s
    addp    v\g\().4s, v\g\().4s, v\h\().4s
    addp    v\low\().4s, v\a\().4s, v\c\().4s
    addp    v\high\().4s, v\e\().4s, v\g\().4s
    .endm

    .macro each_sum rows, what
    \what   16, 0, 2, 8
    \what   17, 1, 3, 9
    .if \rows == 2
    \what   18, 0, 2, 8
    \what   19, 1, 3, 9
    .endif
    .endm

    .macro multiply sum, multiplier, shift, left
    sqrdmulh v\sum\().4s, v\sum\().4s, v\multiplier\().4s
    .endm

    .macro shift_right sum, multiplier, shift, left
    srshl   v\sum\().4s, v\sum\().4s, v\shift\().4s
    .endm

/* VRSHL rounds ties up, the rule away from zero: one less where a negative number is shifted. */
    .macro lower_negative sum, multiplier, shift, left
    ssra    v\sum\().4s, v\sum\().4s, #31
    .endm

    .macro lower_shifted_negative sum, multiplier, shift, left
    and     v4.16b, v\sum\().16b, v\shift\().16b
    ssra    v\sum\().4s, v4.4s, #31
    .endm

    .macro shift_left sum, multiplier, shift, left
    sshl    v\sum\().4s, v\sum\().4s, v\left\().4s
    .endm

/* One rounding of the whole product; the shifts are 31 less. */
    .macro scale_once sum, multiplier, shift, left
    smull   v4.2d, v\sum\().2s, v\multiplier\().2s
    smull2  v5.2d, v\sum\().4s, v\multiplier\().4s
    sxtl    v6.2d, v\shift\().2s
    sxtl2   v7.2d, v\shift\().4s
    srshl   v4.2d, v4.2d, v6.2d
    srshl   v5.2d, v5.2d, v7.2d
    xtn     v\sum\().2s, v4.2d
    xtn2    v\sum\().4s, v5.2d
    .endm

/* Scales the sums to v16 and stores them; the usual scales have the short way. */
    .macro results rows
.Lresults_\rows:
    ld1     {v0.4s-v3.4s}, [x20]
    cbnz    w23, .Lother_scales_\rows
    each_sum \rows, multiply
    each_sum \rows, shift_right
    narrow_sums \rows
    sqxtun  v16.8b, v16.8h
    .if \rows == 2
    sqxtun2 v16.16b, v18.8h
    .endif
    movi    v0.16b, #0x80
    eor     v16.16b, v16.16b, v0.16b
.Lstore_\rows:
    st1     {v16.d}[0], [x13], x17
    .if \rows == 2
    st1     {v16.d}[1], [x13], x17
    .endif
    .endm

    .macro other_results rows
.Lother_scales_\rows:
    cmp     w23, #2
    b.gt    .Lonce_\rows
    b.eq    .Lany_shift_\rows
    each_sum \rows, multiply
    each_sum \rows, lower_negative
    each_sum \rows, shift_right
.Lnarrow_\rows:
    ld1     {v0.16b-v2.16b}, [sp]
    narrow_sums \rows
    sqadd   v16.8h, v16.8h, v0.8h
    sqxtn   v16.8b, v16.8h
    .if \rows == 2
    sqadd   v18.8h, v18.8h, v0.8h
    sqxtn2  v16.16b, v18.8h
    .endif
    smax    v16.16b, v16.16b, v1.16b
    smin    v16.16b, v16.16b, v2.16b
    b       .Lstore_\rows
.Lany_shift_\rows:
    movi    v4.4s, #0
    smax    v8.4s, v2.4s, v4.4s
    smax    v9.4s, v3.4s, v4.4s
    smin    v2.4s, v2.4s, v4.4s
    smin    v3.4s, v3.4s, v4.4s
    each_sum \rows, shift_left
    each_sum \rows, multiply
    each_sum \rows, lower_shifted_negative
    each_sum \rows, shift_right
    b       .Lnarrow_\rows
.Lonce_\rows:
    each_sum \rows, scale_once
    b       .Lnarrow_\rows
    .endm

    .macro narrow_sums rows
    sqxtn   v16.4h, v16.4s
    sqxtn2  v16.8h, v17.4s
    .if \rows == 2
    sqxtn   v18.4h, v18.4s
    sqxtn2  v18.8h, v19.4s
    .endif
    .endm

    .text
    .balign 16
    .global CNNC_SYMBOL(rows_neon64)
    .hidden CNNC_SYMBOL(rows_neon64)
    .type   CNNC_SYMBOL(rows_neon64), %function
/* void (const struct cnnc_rows_layer_neon64 *p, const int8_t *rows, int32_t count, int8_t *output) */
CNNC_SYMBOL(rows_neon64):
    sub     sp, sp, #LOCAL_BYTES
    stp     d8, d9, [sp, #LOCAL_REGISTERS]
    stp     d10, d11, [sp, #LOCAL_REGISTERS + 16]
    stp     d12, d13, [sp, #LOCAL_REGISTERS + 32]
    stp     d14, d15, [sp, #LOCAL_REGISTERS + 48]
    stp     x19, x20, [sp, #LOCAL_REGISTERS + 64]
    stp     x21, x22, [sp, #LOCAL_REGISTERS + 80]
    stp     x23, x24, [sp, #LOCAL_REGISTERS + 96]
    ldp     w14, w15, [x0, #ROWS_ZERO_POINT]
    ldr     w16, [x0, #ROWS_MAXIMUM]
    dup     v0.8h, w14
    dup     v1.16b, w15
    dup     v2.16b, w16
    st1     {v0.16b-v2.16b}, [sp]
    ldp     x7, x8, [x0, #ROWS_WEIGHTS]
    ldr     x6, [x0, #ROWS_CHANNELS]
    ldp     w22, w16, [x0, #ROWS_OUTPUT_CHANNELS]
    ldp     w17, w23, [x0, #ROWS_OUTPUT_STEP]
    sxtw    x16, w16
    sxtw    x17, w17
.Lblock:
    mov     x4, x7
    add     x19, x6, #64
    add     x20, x6, #128
    mov     x12, x1
    mov     x13, x3
    ldr     w14, [x8], #4
    mov     x5, x8
    lsr     w11, w2, #1
    cbz     w11, .Lone_row
    cbnz    w14, .Lkept
    ldr     w24, [x8]
    adr     x15, .Lstep_offsets
    add     x0, x15, w24, uxth
    ldrsw   x0, [x0]
    add     x0, x0, x15
    adr     x21, .Ltwo_rows
.Ltwo_rows:
    mov     x7, x4
    mov     x9, x12
    add     x10, x12, x16
    add     x12, x10, x16
    sums    2
    results 2
    subs    w11, w11, #1
    b.le    .Lpairs_done
    br      x21
.Lpairs_done:
    tbz     w2, #0, .Lnext_block
/* An odd last row. */
.Lone_row:
    mov     x7, x4
    mov     x8, x5
    mov     x9, x12
    sums    1
    results 1
.Lnext_block:
    add     x6, x6, #192
    subs    w22, w22, #8
    b.le    .Lend
    /* The last eight channels overlap with those before. */
    mov     w14, #8
    cmp     w22, w14
    csel    w15, w22, w14, lt
    csel    w22, w14, w22, lt
    add     x3, x3, w15, uxtw
    b       .Lblock
.Lend:
    ldp     d8, d9, [sp, #LOCAL_REGISTERS]
    ldp     d10, d11, [sp, #LOCAL_REGISTERS + 16]
    ldp     d12, d13, [sp, #LOCAL_REGISTERS + 32]
    ldp     d14, d15, [sp, #LOCAL_REGISTERS + 48]
    ldp     x19, x20, [sp, #LOCAL_REGISTERS + 64]
    ldp     x21, x22, [sp, #LOCAL_REGISTERS + 80]
    ldp     x23, x24, [sp, #LOCAL_REGISTERS + 96]
    add     sp, sp, #LOCAL_BYTES
    ret
    other_results 2
    other_results 1
.Lkept:
    ld4     {v0.4s-v3.4s}, [x6]
    mov     v14.16b, v0.16b
    ld4     {v0.4s-v3.4s}, [x19]
    mov     v15.16b, v0.16b
    adr     x15, .Lkept_ways - 4
    add     x15, x15, w14, uxtw
.Lskip_runs:
    ldr     w14, [x8], #4
    tbz     w14, #31, .Lskip_runs
    br      x15
.Lkept_ways:
    b       .Lkept_8
    b       .Lkept_16
    b       .Lkept_24
    b       .Lkept_16_8
    b       .Lkept_32
    kept_rows kept_row_16_16, 32
.Lkept_32:
    kept_rows kept_row_32, 32
.Lkept_16_8:
    kept_rows kept_row_16_8, 24
.Lkept_24:
    kept_rows kept_row_24, 24
.Lkept_16:
    kept_rows kept_row_16, 16
.Lkept_8:
    kept_rows kept_row_8, 8
    .balign 4
.Lstep_offsets:
    .word   .Lsingle_2 - .Lstep_offsets
    .word   .Ltwo_2 - .Lstep_offsets
    .word   .Lthree_2 - .Lstep_offsets
    .word   .Lfour_2 - .Lstep_offsets
    .word   .Ltwos_2 - .Lstep_offsets
    .word   .Lthrees_2 - .Lstep_offsets
    .word   .Lfours_2 - .Lstep_offsets
    .word   .Leight_2 - .Lstep_offsets
    .size   CNNC_SYMBOL(rows_neon64), . - CNNC_SYMBOL(rows_neon64)

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Sixty-four bytes of the rows of 3x3 outputs of a depthwise convolution (AVX-512 VNNI).
 *
 * Unpacking four lines twice gives four quads: vector j has channels 16 i + 4 j + k at 4 i + k,
 * which packing two sums and two of their halves undoes. */
#ifndef CNNC_DEPTHWISE_WIDE_AVX512VNNI_H
#define CNNC_DEPTHWISE_WIDE_AVX512VNNI_H

#include "cnnc_depthwise_blocks_avx512vnni.h"

/* A line of the input, or of padding. */
CNNC_KERNEL const int8_t *
cnnc_depthwise_line_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run, int32_t row) {
    if (run->padding != NULL && (row < 0 || row >= run->input_rows)) {
        return run->padding;
    }
    return run->input + row * run->line_bytes;
}

CNNC_KERNEL int
cnnc_depthwise_is_padding_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run, int32_t col) {
    return run->padding != NULL && (col < 0 || col >= run->input_cols);
}

#if CNNC_HAS_AVX512VNNI

/* Keeps compilers from loading weights before a loop: there are not enough registers for them. */
#if defined(__GNUC__)
#define CNNC_DEPTHWISE_IN_LOOP(pointer) __asm__("" : "+r"(pointer))
#else
#define CNNC_DEPTHWISE_IN_LOOP(pointer) ((void)(pointer))
#endif

CNNC_KERNEL __m512i cnnc_depthwise_bytes_avx512vnni(const int8_t *line) {
    return _mm512_xor_si512(_mm512_loadu_si512((const void *)line), _mm512_set1_epi8(INT8_MIN));
}

/* The quads of 64 bytes of four lines. */
CNNC_KERNEL void cnnc_depthwise_unpack_avx512vnni(const int8_t *const lines[4], int32_t offset,
                                                  __m512i quads[4]) {
    const __m512i a = cnnc_depthwise_bytes_avx512vnni(lines[0] + offset);
    const __m512i b = cnnc_depthwise_bytes_avx512vnni(lines[1] + offset);
    const __m512i c = cnnc_depthwise_bytes_avx512vnni(lines[2] + offset);
    const __m512i d = cnnc_depthwise_bytes_avx512vnni(lines[3] + offset);
    const __m512i low_ab = _mm512_unpacklo_epi8(a, b);
    const __m512i high_ab = _mm512_unpackhi_epi8(a, b);
    const __m512i low_cd = _mm512_unpacklo_epi8(c, d);
    const __m512i high_cd = _mm512_unpackhi_epi8(c, d);
    quads[0] = _mm512_unpacklo_epi16(low_ab, low_cd);
    quads[1] = _mm512_unpackhi_epi16(low_ab, low_cd);
    quads[2] = _mm512_unpacklo_epi16(high_ab, high_cd);
    quads[3] = _mm512_unpackhi_epi16(high_ab, high_cd);
}

/* Those from a column on, which may be padding. */
CNNC_KERNEL void cnnc_depthwise_read_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                                const int8_t *const lines[4], int32_t col,
                                                __m512i quads[4]) {
    /* Other pointers, not another way: compilers then keep the quads in registers. */
    const int is_padding = cnnc_depthwise_is_padding_avx512vnni(run, col);
    const int8_t *const seen[4] = {
        is_padding ? run->padding : lines[0], is_padding ? run->padding : lines[1],
        is_padding ? run->padding : lines[2], is_padding ? run->padding : lines[3]};
    cnnc_depthwise_unpack_avx512vnni(seen, is_padding ? 0 : col * run->channels_step, quads);
}

/* One of four vectors of an output, scaled; weights are those of its first column of taps. */
CNNC_KERNEL __m512i cnnc_depthwise_sums_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                                   const __m512i columns[3][4], int32_t vector,
                                                   const int8_t *weights) {
    const struct cnnc_depthwise_scale_avx512vnni scale =
        cnnc_depthwise_load_scale_avx512vnni(run->channels + CNNC_BLOCK_AVX512 * vector);
    __m512i sums = scale.bias;
    CNNC_UNROLL(3)
    for (int32_t tap = 0; tap < 3; ++tap) {
        sums = _mm512_dpbusd_epi32(
            sums, columns[tap][vector],
            _mm512_loadu_si512((const void *)(weights + 256 * tap + 64 * vector)));
    }
    return cnnc_depthwise_scaled_avx512vnni(run, &scale, sums);
}

CNNC_KERNEL void cnnc_depthwise_output_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                                  const __m512i columns[3][4],
                                                  const int8_t *weights, int32_t step,
                                                  int8_t *output) {
    const __m512i zero_point = _mm512_set1_epi16((int16_t)run->zero_point);
    const int32_t is_last = step + 1 == run->steps;
    __m512i sums[4];
    __m512i x;
    CNNC_UNROLL(4)
    for (int32_t vector = 0; vector < 4; ++vector) {
        sums[vector] = cnnc_depthwise_sums_avx512vnni(run, columns, vector, weights);
    }
    x = _mm512_packs_epi16(_mm512_adds_epi16(_mm512_packs_epi32(sums[0], sums[1]), zero_point),
                           _mm512_adds_epi16(_mm512_packs_epi32(sums[2], sums[3]), zero_point));
    if (run->minimum > INT8_MIN) {
        x = _mm512_max_epi8(x, _mm512_set1_epi8((int8_t)run->minimum));
    }
    if (run->maximum < INT8_MAX) {
        x = _mm512_min_epi8(x, _mm512_set1_epi8((int8_t)run->maximum));
    }
    if (run->pixels > 1 && is_last) {
        _mm512_mask_storeu_epi8((void *)output, UINT64_MAX >> (64 - run->last_stored), x);
    } else {
        _mm512_storeu_si512((void *)output, x);
    }
}

/* Brings in the columns of taps of a step. */
CNNC_KERNEL void cnnc_depthwise_move_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                                const int8_t *const lines[4], int32_t col,
                                                __m512i columns[3][4]) {
    const int32_t is_apart = run->pixels > 1;
    const int32_t known = is_apart ? 0 : 3 - run->stride_cols;
    CNNC_UNROLL(3)
    for (int32_t tap = 0; tap < 3; ++tap) {
        if (tap >= known) {
            cnnc_depthwise_read_avx512vnni(run, lines, col + tap, columns[tap]);
        } else {
            CNNC_UNROLL(4)
            for (int32_t vector = 0; vector < 4; ++vector) {
                columns[tap][vector] = columns[tap + run->stride_cols][vector];
            }
        }
    }
}

/* 3x3: two output rows at stride 1, else one. */
CNNC_KERNEL void
cnnc_depthwise_wide_block_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run) {
    const int32_t pair = run->stride_rows == 1 ? 2 : 1;
    const int32_t output_step = cnnc_depthwise_output_step_avx512vnni(run);
    struct cnnc_depthwise_run_avx512vnni block = *run;
    for (int32_t row = 0; row < run->rows; row += pair) {
        const int32_t first = run->first_row + row * run->stride_rows;
        const int has_second = pair == 2 && row + 1 < run->rows;
        const int8_t *const lines[4] = {
            cnnc_depthwise_line_avx512vnni(run, first),
            cnnc_depthwise_line_avx512vnni(run, first + 1),
            cnnc_depthwise_line_avx512vnni(run, first + 2),
            cnnc_depthwise_line_avx512vnni(run, has_second ? first + 3 : first + 2)};
        int8_t *output = run->output + row * run->output_row_step;
        /* Without a second row its place is the first one's, which is stored later. */
        const ptrdiff_t apart = has_second ? run->output_row_step : 0;
        __m512i columns[3][4];
        CNNC_UNROLL(3)
        for (int32_t tap = 0; tap < 3; ++tap) {
            /* What the first step moves to its known columns. */
            const int32_t known = tap - run->stride_cols;
            cnnc_depthwise_read_avx512vnni(run, lines, run->first_col + (known > 0 ? known : 0),
                                           columns[tap]);
        }
        for (int32_t step = 0; step < run->steps; ++step) {
            CNNC_DEPTHWISE_IN_LOOP(block.weights);
            cnnc_depthwise_move_avx512vnni(
                run, lines, run->first_col + step * run->pixels * run->stride_cols, columns);
            if (pair == 2) {
                cnnc_depthwise_output_avx512vnni(&block, (const __m512i(*)[4])columns,
                                                 block.weights + 768, step, output + apart);
            }
            cnnc_depthwise_output_avx512vnni(&block, (const __m512i(*)[4])columns, block.weights,
                                             step, output);
            output += output_step;
        }
    }
}

#else

/* Products of one byte of an output, whose first tap is at row and col. */
CNNC_KERNEL int32_t cnnc_depthwise_sum_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                                  int32_t row, int32_t col, int32_t byte,
                                                  const int8_t *weights) {
    int32_t sum = 0;
    for (int32_t tap = 0; tap < 9; ++tap) {
        const int32_t at = col + tap % 3;
        const int8_t *const line = cnnc_depthwise_line_avx512vnni(run, row + tap / 3);
        const int32_t x = cnnc_depthwise_is_padding_avx512vnni(run, at)
                              ? run->input_zero_point
                              : line[at * run->channels_step + byte];
        sum += (x + 128) * weights[tap % 3 * 256 + tap / 3];
    }
    return sum;
}

CNNC_KERNEL void
cnnc_depthwise_wide_block_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run) {
    const int32_t output_step = cnnc_depthwise_output_step_avx512vnni(run);
    for (int32_t row = 0; row < run->rows; ++row) {
        for (int32_t step = 0; step < run->steps; ++step) {
            const int32_t stored = step + 1 < run->steps ? run->stored : run->last_stored;
            const int32_t first_row = run->first_row + row * run->stride_rows;
            const int32_t col = run->first_col + step * run->pixels * run->stride_cols;
            for (int32_t byte = 0; byte < stored; ++byte) {
                const int32_t vector = byte / 4 % 4;
                const int32_t lane = byte / 16 * 4 + byte % 4;
                struct cnnc_depthwise_run_avx512vnni block = *run;
                const int32_t sum = cnnc_depthwise_sum_avx512vnni(
                    run, first_row, col, byte, run->weights + vector * 64 + lane * 4);
                block.channels += CNNC_BLOCK_AVX512 * vector;
                run->output[row * run->output_row_step + step * output_step + byte] =
                    cnnc_depthwise_lane_avx512vnni(&block, sum, lane);
            }
        }
    }
}

#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Sixteen channels of a rectangle of outputs of a depthwise convolution (AVX-512 VNNI).
 *
 * A quad is four pixels of sixteen channels, the four of a channel side by side: VPDPBUSD
 * multiplies it by four weights of each channel. 3x3 kernels have a quad for each column of taps.
 * At stride 1 it holds the pixels of two output rows, and each column of pixels is read once. */
#ifndef CNNC_DEPTHWISE_BLOCKS_AVX512VNNI_H
#define CNNC_DEPTHWISE_BLOCKS_AVX512VNNI_H

#include "cnnc_avx512.h"

/* One block's way through a rectangle. */
struct cnnc_depthwise_run_avx512vnni {
    const int8_t *input;
    int8_t *output;
    const int8_t *weights;   /* [quad][lane][4]; rolling: [output row][kernel_col][lane][4] */
    const int32_t *channels; /* CNNC_BLOCK_AVX512 numbers */
    const int32_t *offsets;  /* of the quads' taps */
    int32_t quads;
    int32_t rows;
    int32_t line_bytes;
    int32_t stride_rows;
    int32_t output_row_step; /* bytes */
    int32_t steps;           /* in a row, of pixels neighbours each */
    int32_t stride_cols;
    int32_t channels_step; /* bytes of a pixel */
    int32_t pixels;
    int32_t stored;      /* channels of a step that exist */
    int32_t last_stored; /* and of the last one in a row */
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t is_real;
    int32_t is_short; /* scales are real numbers of 24 bits */
    int32_t lanes;    /* 16 or 64 */
    /* Where not all pixels are copied with their padding, a line of it, of 64 lanes or more; then
     * input is the image, of which the first output sees these row and column first. */
    const int8_t *padding;
    int32_t input_rows;
    int32_t input_cols;
    int32_t first_row;
    int32_t first_col;
    int32_t input_zero_point;
};

/* Pixels of a step that are between two columns, in bytes. */
CNNC_KERNEL int32_t
cnnc_depthwise_output_step_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run) {
    return run->pixels * run->channels_step;
}

#if CNNC_HAS_AVX512VNNI

/* Constants of sixteen channels. */
struct cnnc_depthwise_scale_avx512vnni {
    __m512i bias;
    __m512i multipliers;
    __m512i shifts;
    __m512 high;
    __m512 low;
    __m512 offset;
};

CNNC_KERNEL struct cnnc_depthwise_scale_avx512vnni
cnnc_depthwise_load_scale_avx512vnni(const int32_t *block) {
    const struct cnnc_depthwise_scale_avx512vnni scale = {
        _mm512_loadu_si512((const void *)(block + CNNC_BIAS_AVX512)),
        _mm512_loadu_si512((const void *)(block + CNNC_MULTIPLIERS_AVX512)),
        _mm512_loadu_si512((const void *)(block + CNNC_SHIFTS_AVX512)),
        _mm512_loadu_ps((const void *)(block + CNNC_HIGH_AVX512)),
        _mm512_loadu_ps((const void *)(block + CNNC_LOW_AVX512)),
        _mm512_loadu_ps((const void *)(block + CNNC_OFFSET_AVX512))};
    return scale;
}

CNNC_KERNEL __m512i cnnc_depthwise_scaled_avx512vnni(
    const struct cnnc_depthwise_run_avx512vnni *run,
    const struct cnnc_depthwise_scale_avx512vnni *scale, __m512i sums) {
    /* What is below zero, however it is rounded, is clamped to the zero point: no signs. */
    const int has_signs = run->minimum < run->zero_point;
    if (run->is_short) {
        return cnnc_rescale_short_avx512(
            sums, scale->high, has_signs ? cnnc_signed_avx512(sums, scale->offset) : scale->offset);
    }
    if (run->is_real && !has_signs) {
        return cnnc_rescale_short_avx512(
            sums, scale->high,
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scale->low, scale->offset));
    }
    return run->is_real ? cnnc_rescale_real_avx512(sums, scale->high, scale->low, scale->offset)
                        : cnnc_rescale_avx512(sums, scale->multipliers, scale->shifts);
}

/* Channels that exist of a step. */
CNNC_KERNEL void cnnc_depthwise_put_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                               __m128i x, int32_t step, int8_t *output) {
    if (run->stored == 16 && run->pixels == 1) {
        _mm_storeu_si128((__m128i *)(void *)output, x);
    } else {
        const int32_t stored = step + 1 < run->steps ? run->stored : run->last_stored;
        _mm_mask_storeu_epi8((void *)output, (__mmask16)((1U << stored) - 1U), x);
    }
}

/* Stores two outputs; first may lie where second does and is what remains then. */
CNNC_KERNEL void
cnnc_depthwise_store_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                const struct cnnc_depthwise_scale_avx512vnni *scale,
                                const __m512i sums[2], int32_t step, int8_t *first,
                                int8_t *second) {
    const __m512i words =
        _mm512_adds_epi16(_mm512_packs_epi32(cnnc_depthwise_scaled_avx512vnni(run, scale, sums[0]),
                                             cnnc_depthwise_scaled_avx512vnni(run, scale, sums[1])),
                          _mm512_set1_epi16((int16_t)run->zero_point));
    /* Fours of channels of the first output and of the second, in turns. */
    const __m512i bytes = _mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        _mm512_packs_epi16(words, words));
    __m256i x = _mm512_castsi512_si256(bytes);
    if (run->minimum > INT8_MIN) {
        x = _mm256_max_epi8(x, _mm256_set1_epi8((int8_t)run->minimum));
    }
    if (run->maximum < INT8_MAX) {
        x = _mm256_min_epi8(x, _mm256_set1_epi8((int8_t)run->maximum));
    }
    if (second != NULL) {
        cnnc_depthwise_put_avx512vnni(run, _mm256_extracti128_si256(x, 1), step, second);
    }
    cnnc_depthwise_put_avx512vnni(run, _mm256_castsi256_si128(x), step, first);
}

CNNC_KERNEL __m128i cnnc_depthwise_pixel_avx512vnni(const int8_t *pixel) {
    return _mm_loadu_si128((const __m128i *)(const void *)pixel);
}

/* The quad of four pixels, as numbers from 0 to 255. */
CNNC_KERNEL __m512i cnnc_depthwise_quad_avx512vnni(const int8_t *a, const int8_t *b,
                                                   const int8_t *c, const int8_t *d) {
    const __m512i fours = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i bytes =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m256i ab =
        _mm256_inserti128_si256(_mm256_castsi128_si256(cnnc_depthwise_pixel_avx512vnni(a)),
                                cnnc_depthwise_pixel_avx512vnni(b), 1);
    const __m256i cd =
        _mm256_inserti128_si256(_mm256_castsi128_si256(cnnc_depthwise_pixel_avx512vnni(c)),
                                cnnc_depthwise_pixel_avx512vnni(d), 1);
    const __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(ab), cd, 1);
    const __m512i x = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(fours, all), bytes);
    return _mm512_xor_si512(x, _mm512_set1_epi8(INT8_MIN));
}

/* Any kernel: all quads of an output, then the next. */
CNNC_KERNEL void cnnc_depthwise_quads_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run) {
    const struct cnnc_depthwise_scale_avx512vnni scale =
        cnnc_depthwise_load_scale_avx512vnni(run->channels);
    const int32_t output_step = cnnc_depthwise_output_step_avx512vnni(run);
    for (int32_t row = 0; row < run->rows; ++row) {
        const int8_t *input = run->input + row * run->stride_rows * run->line_bytes;
        int8_t *output = run->output + row * run->output_row_step;
        for (int32_t step = 0; step < run->steps; ++step) {
            const int32_t *offsets = run->offsets;
            __m512i sums[2] = {scale.bias, scale.bias};
            for (int32_t quad = 0; quad < run->quads; ++quad) {
                sums[0] = _mm512_dpbusd_epi32(
                    sums[0],
                    cnnc_depthwise_quad_avx512vnni(input + offsets[0], input + offsets[1],
                                                   input + offsets[2], input + offsets[3]),
                    _mm512_loadu_si512((const void *)(run->weights + 64 * quad)));
                offsets += 4;
            }
            cnnc_depthwise_store_avx512vnni(run, &scale, sums, step, output, NULL);
            input += output_step * run->stride_cols;
            output += output_step;
        }
    }
}

/* Four lines of pixels and the columns of taps that were read last. */
struct cnnc_depthwise_columns_avx512vnni {
    const int8_t *lines[4];
    __m512i taps[3];
};

CNNC_KERNEL __m512i cnnc_depthwise_column_avx512vnni(
    const struct cnnc_depthwise_columns_avx512vnni *columns, int32_t offset) {
    return cnnc_depthwise_quad_avx512vnni(columns->lines[0] + offset, columns->lines[1] + offset,
                                          columns->lines[2] + offset, columns->lines[3] + offset);
}

/* Brings in the columns of a step at an offset; those that it shares with the last one are there.
 */
CNNC_KERNEL void cnnc_depthwise_roll_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                                struct cnnc_depthwise_columns_avx512vnni *columns,
                                                int32_t offset) {
    if (run->stride_cols == 2) {
        columns->taps[0] = columns->taps[2];
        columns->taps[1] = cnnc_depthwise_column_avx512vnni(columns, offset + run->channels_step);
    } else {
        columns->taps[0] = columns->taps[1];
        columns->taps[1] = columns->taps[2];
    }
    columns->taps[2] = cnnc_depthwise_column_avx512vnni(columns, offset + 2 * run->channels_step);
}

/* What the first step of a row shares with the one before. */
CNNC_KERNEL void
cnnc_depthwise_first_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                struct cnnc_depthwise_columns_avx512vnni *columns) {
    const int has_two = run->pixels == 1 && run->stride_cols == 1;
    columns->taps[0] = _mm512_setzero_si512();
    columns->taps[1] = has_two ? cnnc_depthwise_column_avx512vnni(columns, 0) : columns->taps[0];
    columns->taps[2] = cnnc_depthwise_column_avx512vnni(columns, has_two ? run->channels_step : 0);
}

/* Several pixels side by side: a vector and the next one hold the columns of all three taps. */
CNNC_KERNEL void
cnnc_depthwise_slide_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                const struct cnnc_depthwise_columns_avx512vnni *columns,
                                __m512i *first, __m512i taps[3], int32_t offset) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i next = cnnc_depthwise_column_avx512vnni(columns, offset + 16);
    taps[0] = *first;
    taps[1] = _mm512_permutex2var_epi32(
        *first, _mm512_add_epi32(lanes, _mm512_set1_epi32(run->channels_step)), next);
    taps[2] = _mm512_permutex2var_epi32(
        *first, _mm512_add_epi32(lanes, _mm512_set1_epi32(2 * run->channels_step)), next);
    *first = next;
}

/* 3x3: two output rows at stride 1, else one. */
CNNC_KERNEL void
cnnc_depthwise_rolling_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run) {
    const struct cnnc_depthwise_scale_avx512vnni scale =
        cnnc_depthwise_load_scale_avx512vnni(run->channels);
    const int32_t pair = run->stride_rows == 1 ? 2 : 1;
    const int32_t output_step = cnnc_depthwise_output_step_avx512vnni(run);
    __m512i weights[6];
    CNNC_UNROLL(6)
    for (int32_t i = 0; i < 6; ++i) {
        weights[i] = _mm512_loadu_si512((const void *)(run->weights + 64 * (i < 3 * pair ? i : 0)));
    }
    for (int32_t row = 0; row < run->rows; row += pair) {
        const int8_t *const input = run->input + row * run->stride_rows * run->line_bytes;
        const int has_second = pair == 2 && row + 1 < run->rows;
        int8_t *output = run->output + row * run->output_row_step;
        int8_t *const second = has_second ? output + run->output_row_step : output;
        const ptrdiff_t apart = second - output;
        struct cnnc_depthwise_columns_avx512vnni columns;
        __m512i first;
        columns.lines[0] = input;
        columns.lines[1] = input + run->line_bytes;
        columns.lines[2] = input + 2 * run->line_bytes;
        columns.lines[3] = has_second ? input + 3 * run->line_bytes : columns.lines[2];
        cnnc_depthwise_first_avx512vnni(run, &columns);
        first = columns.taps[2];
        for (int32_t step = 0; step < run->steps; ++step) {
            __m512i sums[2] = {scale.bias, scale.bias};
            if (run->pixels > 1) {
                cnnc_depthwise_slide_avx512vnni(run, &columns, &first, columns.taps, step * 16);
            } else {
                cnnc_depthwise_roll_avx512vnni(run, &columns,
                                               step * run->stride_cols * run->channels_step);
            }
            CNNC_UNROLL(3)
            for (int32_t tap = 0; tap < 3; ++tap) {
                sums[0] = _mm512_dpbusd_epi32(sums[0], columns.taps[tap], weights[tap]);
            }
            if (pair == 2) {
                CNNC_UNROLL(3)
                for (int32_t tap = 0; tap < 3; ++tap) {
                    sums[1] = _mm512_dpbusd_epi32(sums[1], columns.taps[tap], weights[3 + tap]);
                }
            }
            cnnc_depthwise_store_avx512vnni(run, &scale, sums, step, output,
                                            pair == 2 ? output + apart : NULL);
            output += output_step;
        }
    }
}

#else

/* One output of a lane; its products are of numbers from 0 to 255. */
CNNC_KERNEL int8_t cnnc_depthwise_lane_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run,
                                                  int32_t sum, int32_t lane) {
    const int32_t *const block = run->channels + lane;
    return cnnc_requantize_s8(sum + block[CNNC_BIAS_AVX512], block[CNNC_MULTIPLIERS_AVX512],
                              block[CNNC_SHIFTS_AVX512], run->zero_point, run->minimum,
                              run->maximum);
}

CNNC_KERNEL void cnnc_depthwise_quads_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run) {
    const int32_t output_step = cnnc_depthwise_output_step_avx512vnni(run);
    for (int32_t row = 0; row < run->rows; ++row) {
        for (int32_t step = 0; step < run->steps; ++step) {
            const int32_t stored = step + 1 < run->steps ? run->stored : run->last_stored;
            const int8_t *const input = run->input + row * run->stride_rows * run->line_bytes +
                                        step * output_step * run->stride_cols;
            for (int32_t lane = 0; lane < stored; ++lane) {
                int32_t sum = 0;
                for (int32_t tap = 0; tap < 4 * run->quads; ++tap) {
                    const int32_t weight = run->weights[tap / 4 * 64 + lane * 4 + tap % 4];
                    sum += (input[run->offsets[tap] + lane] + 128) * weight;
                }
                run->output[row * run->output_row_step + step * output_step + lane] =
                    cnnc_depthwise_lane_avx512vnni(run, sum, lane);
            }
        }
    }
}

CNNC_KERNEL void
cnnc_depthwise_rolling_avx512vnni(const struct cnnc_depthwise_run_avx512vnni *run) {
    const int32_t output_step = cnnc_depthwise_output_step_avx512vnni(run);
    for (int32_t row = 0; row < run->rows; ++row) {
        for (int32_t step = 0; step < run->steps; ++step) {
            const int32_t stored = step + 1 < run->steps ? run->stored : run->last_stored;
            const int8_t *const input = run->input + row * run->stride_rows * run->line_bytes +
                                        step * output_step * run->stride_cols;
            for (int32_t lane = 0; lane < stored; ++lane) {
                int32_t sum = 0;
                for (int32_t tap = 0; tap < 9; ++tap) {
                    const int32_t weight = run->weights[tap % 3 * 64 + lane * 4 + tap / 3];
                    const int32_t offset = tap / 3 * run->line_bytes + tap % 3 * run->channels_step;
                    sum += (input[offset + lane] + 128) * weight;
                }
                run->output[row * run->output_row_step + step * output_step + lane] =
                    cnnc_depthwise_lane_avx512vnni(run, sum, lane);
            }
        }
    }
}

#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Sixteen channels of a rectangle of outputs of a depthwise convolution (AVX2): two taps in each
 * VPMADDWD. */
#ifndef CNNC_DEPTHWISE_BLOCKS_AVX2_H
#define CNNC_DEPTHWISE_BLOCKS_AVX2_H

#include "cnnc_avx2.h"

/* One block's way through a rectangle. */
struct cnnc_depthwise_run_avx2 {
    const int8_t *input;
    int8_t *output;
    const int16_t *weights;  /* [pair][lane][2] */
    const int32_t *channels; /* [bias, multiplier, shift][lane] */
    const int32_t *offsets;  /* of the pairs' taps */
    int32_t pairs;
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
};

#if CNNC_HAS_AVX2

/* Constants of eight lanes. */
struct cnnc_depthwise_scale_avx2 {
    __m256i bias;
    __m256i multipliers;
    __m256i shifts;
};

CNNC_KERNEL struct cnnc_depthwise_scale_avx2
cnnc_depthwise_load_scale_avx2(const int32_t *channels) {
    const struct cnnc_depthwise_scale_avx2 scale = {
        _mm256_loadu_si256((const __m256i *)(const void *)channels),
        _mm256_loadu_si256((const __m256i *)(const void *)(channels + 16)),
        _mm256_loadu_si256((const __m256i *)(const void *)(channels + 32))};
    return scale;
}

CNNC_KERNEL void cnnc_depthwise_store_avx2(const struct cnnc_depthwise_run_avx2 *run, __m256i low,
                                           __m256i high, int32_t step, int8_t *output) {
    const int32_t stored = step + 1 < run->steps ? run->stored : run->last_stored;
    const __m256i words = _mm256_adds_epi16(_mm256_packs_epi32(low, high),
                                            _mm256_set1_epi16((int16_t)run->zero_point));
    const __m128i bytes =
        _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    const __m128i raised = _mm_max_epi8(bytes, _mm_set1_epi8((int8_t)run->minimum));
    const __m128i x = _mm_min_epi8(raised, _mm_set1_epi8((int8_t)run->maximum));
    if (stored == 16) {
        _mm_storeu_si128((__m128i *)(void *)output, x);
    } else {
        int8_t lanes[16];
        _mm_storeu_si128((__m128i *)(void *)lanes, x);
        memcpy(output, lanes, (size_t)stored);
    }
}

CNNC_KERNEL __m256i cnnc_depthwise_pixel_avx2(const int8_t *pixel) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)pixel));
}

CNNC_KERNEL __m256i cnnc_depthwise_products_avx2(__m256i pixels, const int16_t *weights) {
    return _mm256_madd_epi16(pixels, _mm256_loadu_si256((const __m256i *)(const void *)weights));
}

CNNC_KERNEL void cnnc_depthwise_pairs_avx2(const struct cnnc_depthwise_run_avx2 *run) {
    const struct cnnc_depthwise_scale_avx2 low = cnnc_depthwise_load_scale_avx2(run->channels);
    const struct cnnc_depthwise_scale_avx2 high = cnnc_depthwise_load_scale_avx2(run->channels + 8);
    const int32_t output_step = run->pixels * run->channels_step;
    for (int32_t row = 0; row < run->rows; ++row) {
        const int8_t *input = run->input + row * run->stride_rows * run->line_bytes;
        int8_t *output = run->output + row * run->output_row_step;
        for (int32_t step = 0; step < run->steps; ++step) {
            __m256i sums[2] = {low.bias, high.bias};
            for (int32_t pair = 0; pair < run->pairs; ++pair) {
                const __m256i a = cnnc_depthwise_pixel_avx2(input + run->offsets[2 * pair]);
                const __m256i b = cnnc_depthwise_pixel_avx2(input + run->offsets[2 * pair + 1]);
                const int16_t *const weights = run->weights + 32 * pair;
                sums[0] = _mm256_add_epi32(
                    sums[0], cnnc_depthwise_products_avx2(_mm256_unpacklo_epi16(a, b), weights));
                sums[1] = _mm256_add_epi32(sums[1], cnnc_depthwise_products_avx2(
                                                        _mm256_unpackhi_epi16(a, b), weights + 16));
            }
            cnnc_depthwise_store_avx2(run, cnnc_rescale_avx2(sums[0], low.multipliers, low.shifts),
                                      cnnc_rescale_avx2(sums[1], high.multipliers, high.shifts),
                                      step, output);
            input += output_step * run->stride_cols;
            output += output_step;
        }
    }
}

#else

CNNC_KERNEL void cnnc_depthwise_pairs_avx2(const struct cnnc_depthwise_run_avx2 *run) {
    const int32_t output_step = run->pixels * run->channels_step;
    for (int32_t row = 0; row < run->rows; ++row) {
        for (int32_t step = 0; step < run->steps; ++step) {
            const int32_t stored = step + 1 < run->steps ? run->stored : run->last_stored;
            const int8_t *const input = run->input + row * run->stride_rows * run->line_bytes +
                                        step * output_step * run->stride_cols;
            for (int32_t channel = 0; channel < stored; ++channel) {
                /* The second and the third four channels change places. */
                const int32_t lane =
                    channel / 4 % 3 == 0 ? channel : (channel < 8 ? channel + 4 : channel - 4);
                const int32_t *const constants = run->channels + lane;
                int32_t sum = constants[0];
                for (int32_t tap = 0; tap < 2 * run->pairs; ++tap) {
                    sum += input[run->offsets[tap] + channel] *
                           run->weights[tap / 2 * 32 + 2 * lane + tap % 2];
                }
                run->output[row * run->output_row_step + step * output_step + channel] =
                    cnnc_requantize_s8(sum, constants[16], constants[32], run->zero_point,
                                       run->minimum, run->maximum);
            }
        }
    }
}

#endif

#endif

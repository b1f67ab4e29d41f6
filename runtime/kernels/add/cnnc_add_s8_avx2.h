/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together, rounding by rounding, sixteen elements at
 * a time (AVX2); output may be an operand of its size. */
#ifndef CNNC_ADD_S8_AVX2_H
#define CNNC_ADD_S8_AVX2_H

#include "cnnc_add_broadcast_s8.h"
#include "cnnc_binary_16.h"
#include "cnnc_sums_16.h"

CNNC_KERNEL int8_t cnnc_add_element_avx2(const void *of, int8_t first, int8_t second) {
    const struct cnnc_add_broadcast_s8_parameters *p =
        (const struct cnnc_add_broadcast_s8_parameters *)of;
    const int32_t one =
        cnnc_rescale((first - p->first_zero_point) * 1048576, p->first_multiplier, p->first_shift);
    const int32_t two = cnnc_rescale((second - p->second_zero_point) * 1048576,
                                     p->second_multiplier, p->second_shift);
    return cnnc_requantize_s8(one + two, p->output_multiplier, p->output_shift,
                              p->output_zero_point, p->minimum, p->maximum);
}

#if CNNC_HAS_AVX2

/* Eight distances with 20 fraction bits at the common scale; the wider operand's half is exact. */
CNNC_KERNEL __m256i cnnc_add_scaled_8_avx2(__m128i x, int32_t zero_point, int32_t multiplier,
                                           int32_t shift) {
    const __m256i distances =
        _mm256_sub_epi32(_mm256_cvtepi8_epi32(x), _mm256_set1_epi32(zero_point));
    if (multiplier == 1073741824 && shift == 0) {
        return _mm256_slli_epi32(distances, 19);
    }
    return cnnc_rescale_avx2(_mm256_slli_epi32(distances, 20), _mm256_set1_epi32(multiplier),
                             _mm256_set1_epi32(shift));
}

CNNC_KERNEL __m256i cnnc_add_8_avx2(const struct cnnc_add_broadcast_s8_parameters *p, __m128i first,
                                    __m128i second) {
    return _mm256_add_epi32(
        cnnc_add_scaled_8_avx2(first, p->first_zero_point, p->first_multiplier, p->first_shift),
        cnnc_add_scaled_8_avx2(second, p->second_zero_point, p->second_multiplier,
                               p->second_shift));
}

CNNC_KERNEL __m128i cnnc_add_16_avx2(const void *of, __m128i first, __m128i second) {
    const struct cnnc_add_broadcast_s8_parameters *p =
        (const struct cnnc_add_broadcast_s8_parameters *)of;
    cnnc_words_16 sums;
    __m128i bytes;
    sums.low = cnnc_add_8_avx2(p, first, second);
    sums.high = cnnc_add_8_avx2(p, _mm_srli_si128(first, 8), _mm_srli_si128(second, 8));
    bytes = cnnc_requantize_16(sums, p->output_multiplier, p->output_shift, p->output_zero_point);
    bytes = _mm_max_epi8(bytes, _mm_set1_epi8((int8_t)p->minimum));
    return _mm_min_epi8(bytes, _mm_set1_epi8((int8_t)p->maximum));
}

#define CNNC_ADD_BLOCK_AVX2 cnnc_add_16_avx2
#else
#define CNNC_ADD_BLOCK_AVX2 NULL
#endif

CNNC_KERNEL void cnnc_add_s8_avx2(const struct cnnc_add_broadcast_s8_parameters *p,
                                  const int8_t *first, const int8_t *second, int8_t *output) {
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    cnnc_binary_16(&rows, p, first, second, output, cnnc_add_element_avx2, CNNC_ADD_BLOCK_AVX2);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together as a straight line whose factors have
 * three digits of seven bits, so that products of bytes suffice (AVX2); output may be an operand of
 * its size. */
#ifndef CNNC_ADD_LINEAR_S8_AVX2_H
#define CNNC_ADD_LINEAR_S8_AVX2_H

#include "cnnc_binary_16.h"
#include "cnnc_fixed_point.h"
#include "cnnc_x86.h"

/* Every sum of products of one digit fits in int16, with what is added to it. No digit is negative
 * but the highest one of the offset. */
struct cnnc_add_linear_s8_avx2_parameters {
    int32_t extent_0; /* of the output, outermost first; the innermost is a row */
    int32_t extent_1;
    int32_t extent_2;
    int32_t extent_3;
    int32_t extent_4;
    int32_t extent_5;
    int32_t first_stride_0; /* in elements, 0 where the operand repeats */
    int32_t first_stride_1;
    int32_t first_stride_2;
    int32_t first_stride_3;
    int32_t first_stride_4;
    int32_t first_stride_5; /* 0 or 1 */
    int32_t second_stride_0;
    int32_t second_stride_1;
    int32_t second_stride_2;
    int32_t second_stride_3;
    int32_t second_stride_4;
    int32_t second_stride_5;
    int32_t first_high; /* factor of the first operand: 2^14 high + 2^7 middle + low */
    int32_t first_middle;
    int32_t first_low;
    int32_t second_high;
    int32_t second_middle;
    int32_t second_low;
    int32_t offset_high; /* what is added, likewise */
    int32_t offset_middle;
    int32_t offset_low;
    int32_t shift; /* of the high digit, 1..7 */
    int32_t minimum;
    int32_t maximum;
};

/* One element: floors of quotients nest, so that carries may be taken digit by digit. */
CNNC_KERNEL int8_t cnnc_add_linear_element_avx2(const void *of, int8_t first, int8_t second) {
    const struct cnnc_add_linear_s8_avx2_parameters *p =
        (const struct cnnc_add_linear_s8_avx2_parameters *)of;
    const int32_t low = first * p->first_low + second * p->second_low + p->offset_low;
    const int32_t middle =
        first * p->first_middle + second * p->second_middle + p->offset_middle + (low >> 7);
    const int32_t high =
        first * p->first_high + second * p->second_high + p->offset_high + (middle >> 7);
    return cnnc_clamp_s8(high >> p->shift, p->minimum, p->maximum);
}

#if CNNC_HAS_AVX2

/* Products of 16 pairs of bytes with the factors' digits number one and two. */
CNNC_KERNEL __m256i cnnc_add_linear_products_avx2(__m256i pairs, int32_t one, int32_t two) {
    return _mm256_maddubs_epi16(_mm256_set1_epi16((int16_t)(one + two * 256)), pairs);
}

CNNC_KERNEL __m128i cnnc_add_linear_16_avx2(const void *of, __m128i first, __m128i second) {
    const struct cnnc_add_linear_s8_avx2_parameters *p =
        (const struct cnnc_add_linear_s8_avx2_parameters *)of;
    const __m256i pairs =
        _mm256_set_m128i(_mm_unpackhi_epi8(first, second), _mm_unpacklo_epi8(first, second));
    const __m256i low = cnnc_add_linear_products_avx2(pairs, p->first_low, p->second_low);
    __m256i middle = cnnc_add_linear_products_avx2(pairs, p->first_middle, p->second_middle);
    __m256i high = cnnc_add_linear_products_avx2(pairs, p->first_high, p->second_high);
    __m128i bytes;
    const __m256i raised = _mm256_add_epi16(low, _mm256_set1_epi16((int16_t)p->offset_low));
    middle = _mm256_add_epi16(middle, _mm256_set1_epi16((int16_t)p->offset_middle));
    middle = _mm256_add_epi16(middle, _mm256_srai_epi16(raised, 7));
    high = _mm256_add_epi16(high, _mm256_srai_epi16(middle, 7));
    high = _mm256_adds_epi16(high, _mm256_set1_epi16((int16_t)p->offset_high));
    high = _mm256_srai_epi16(high, p->shift);
    bytes = _mm_packs_epi16(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
    bytes = _mm_max_epi8(bytes, _mm_set1_epi8((int8_t)p->minimum));
    return _mm_min_epi8(bytes, _mm_set1_epi8((int8_t)p->maximum));
}

#define CNNC_ADD_LINEAR_BLOCK_AVX2 cnnc_add_linear_16_avx2
#else
#define CNNC_ADD_LINEAR_BLOCK_AVX2 NULL
#endif

CNNC_KERNEL void cnnc_add_linear_s8_avx2(const struct cnnc_add_linear_s8_avx2_parameters *p,
                                         const int8_t *first, const int8_t *second,
                                         int8_t *output) {
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    cnnc_binary_16(&rows, p, first, second, output, cnnc_add_linear_element_avx2,
                   CNNC_ADD_LINEAR_BLOCK_AVX2);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together as a straight line, as
 * cnnc_add_linear_s8_avx2 from the same digits, 64 elements at a time (AVX-512); output may be an
 * operand of its size. */
#ifndef CNNC_ADD_LINEAR_S8_AVX512VNNI_H
#define CNNC_ADD_LINEAR_S8_AVX512VNNI_H

#include "cnnc_add_linear_s8_avx2.h"

#if CNNC_HAS_AVX512VNNI

/* Products of 32 pairs of bytes with the factors' digits number one and two. */
CNNC_KERNEL __m512i cnnc_add_linear_products_avx512(__m512i pairs, int32_t one, int32_t two) {
    return _mm512_maddubs_epi16(_mm512_set1_epi16((int16_t)(one + two * 256)), pairs);
}

/* 32 sums of pairs, shifted to bytes but not yet saturated. */
CNNC_KERNEL __m512i cnnc_add_linear_pairs_avx512(const struct cnnc_add_linear_s8_avx2_parameters *p,
                                                 __m512i pairs) {
    const __m512i low = cnnc_add_linear_products_avx512(pairs, p->first_low, p->second_low);
    const __m512i raised = _mm512_add_epi16(low, _mm512_set1_epi16((int16_t)p->offset_low));
    __m512i middle = cnnc_add_linear_products_avx512(pairs, p->first_middle, p->second_middle);
    __m512i high = cnnc_add_linear_products_avx512(pairs, p->first_high, p->second_high);
    middle = _mm512_add_epi16(middle, _mm512_set1_epi16((int16_t)p->offset_middle));
    middle = _mm512_add_epi16(middle, _mm512_srai_epi16(raised, 7));
    high = _mm512_add_epi16(high, _mm512_srai_epi16(middle, 7));
    high = _mm512_adds_epi16(high, _mm512_set1_epi16((int16_t)p->offset_high));
    return _mm512_srav_epi16(high, _mm512_set1_epi16((int16_t)p->shift));
}

CNNC_KERNEL __m512i cnnc_add_linear_64_avx512(const struct cnnc_add_linear_s8_avx2_parameters *p,
                                              __m512i first, __m512i second) {
    /* Pairs and sums are interleaved within the same quarters. */
    const __m512i low = cnnc_add_linear_pairs_avx512(p, _mm512_unpacklo_epi8(first, second));
    const __m512i high = cnnc_add_linear_pairs_avx512(p, _mm512_unpackhi_epi8(first, second));
    const __m512i bytes = _mm512_packs_epi16(low, high);
    const __m512i raised = _mm512_max_epi8(bytes, _mm512_set1_epi8((int8_t)p->minimum));
    return _mm512_min_epi8(raised, _mm512_set1_epi8((int8_t)p->maximum));
}

/* 64 elements of an operand, as many as the mask says, or one 64 times. */
CNNC_KERNEL __m512i cnnc_add_linear_load_avx512(const int8_t *operand, int32_t step, int32_t i,
                                                __mmask64 mask) {
    return step == 0 ? _mm512_set1_epi8(*operand) : _mm512_maskz_loadu_epi8(mask, operand + i);
}

CNNC_KERNEL void cnnc_add_linear_row_avx512(const struct cnnc_add_linear_s8_avx2_parameters *p,
                                            const int8_t *first, const int8_t *second,
                                            int8_t *output) {
    const __mmask64 all = ~(__mmask64)0;
    const int32_t rest = p->extent_5 % 64;
    int32_t i = 0;
    for (; i + 64 <= p->extent_5; i += 64) {
        const __m512i one = cnnc_add_linear_load_avx512(first, p->first_stride_5, i, all);
        const __m512i two = cnnc_add_linear_load_avx512(second, p->second_stride_5, i, all);
        _mm512_storeu_si512((void *)(output + i), cnnc_add_linear_64_avx512(p, one, two));
    }
    if (rest > 0) {
        const __mmask64 mask = all >> (64 - rest);
        const __m512i one = cnnc_add_linear_load_avx512(first, p->first_stride_5, i, mask);
        const __m512i two = cnnc_add_linear_load_avx512(second, p->second_stride_5, i, mask);
        _mm512_mask_storeu_epi8((void *)(output + i), mask, cnnc_add_linear_64_avx512(p, one, two));
    }
}

#endif

CNNC_KERNEL void cnnc_add_linear_s8_avx512vnni(const struct cnnc_add_linear_s8_avx2_parameters *p,
                                               const int8_t *first, const int8_t *second,
                                               int8_t *output) {
#if CNNC_HAS_AVX512VNNI
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    for (int32_t row = 0; row < rows.rows; ++row) {
        cnnc_add_linear_row_avx512(
            p, first + cnnc_broadcast_offset(row, &rows.extents, &rows.first_strides),
            second + cnnc_broadcast_offset(row, &rows.extents, &rows.second_strides), output);
        output += rows.size;
    }
#else
    cnnc_add_linear_s8_avx2(p, first, second, output);
#endif
}

#endif

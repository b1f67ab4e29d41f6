/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together as a straight line, as
 * cnnc_add_linear_s8_avx2 from the same digits, 64 elements at a time (AVX-512); output may be an
 * operand of its size. */
#ifndef CNNC_ADD_LINEAR_S8_AVX512VNNI_H
#define CNNC_ADD_LINEAR_S8_AVX512VNNI_H

#include "cnnc_add_linear_s8_avx2.h"
#include "cnnc_binary_64.h"

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

CNNC_KERNEL __m512i cnnc_add_linear_64_avx512(const void *of, __m512i first, __m512i second) {
    const struct cnnc_add_linear_s8_avx2_parameters *p =
        (const struct cnnc_add_linear_s8_avx2_parameters *)of;
    /* Pairs and sums are interleaved within the same quarters. */
    const __m512i low = cnnc_add_linear_pairs_avx512(p, _mm512_unpacklo_epi8(first, second));
    const __m512i high = cnnc_add_linear_pairs_avx512(p, _mm512_unpackhi_epi8(first, second));
    const __m512i bytes = _mm512_packs_epi16(low, high);
    return cnnc_clamp_64(bytes, p->minimum, p->maximum);
}

#endif

CNNC_KERNEL void cnnc_add_linear_s8_avx512vnni(const struct cnnc_add_linear_s8_avx2_parameters *p,
                                               const int8_t *first, const int8_t *second,
                                               int8_t *output) {
#if CNNC_HAS_AVX512VNNI
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    cnnc_binary_64(&rows, p, first, second, output, cnnc_add_linear_64_avx512);
#else
    cnnc_add_linear_s8_avx2(p, first, second, output);
#endif
}

#endif

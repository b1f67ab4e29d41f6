/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together as a straight line whose factors have two
 * digits, the lower one of 14 bits, 64 elements at a time (AVX-512 VNNI); output may be an operand
 * of its size. */
#ifndef CNNC_ADD_FINE_S8_AVX512VNNI_H
#define CNNC_ADD_FINE_S8_AVX512VNNI_H

#include "cnnc_binary_64.h"
#include "cnnc_fixed_point.h"

/* Bytes are multiplied as the higher halves of 16 bits; no sum leaves 32 bits. */
struct cnnc_add_fine_s8_avx512vnni_parameters {
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
    int32_t first_high; /* factor of the first operand: 2^14 high + low */
    int32_t first_low;
    int32_t second_high;
    int32_t second_low;
    int32_t offset_high; /* what is added, likewise, times 256 */
    int32_t offset_low;
    int32_t shift; /* of the sum by high digits, with the operands' 8 bits */
    int32_t minimum;
    int32_t maximum;
};

/* One element: floors of quotients nest, so that the carry may be taken first. */
CNNC_KERNEL int8_t cnnc_add_fine_element_avx512vnni(const void *of, int8_t first, int8_t second) {
    const struct cnnc_add_fine_s8_avx512vnni_parameters *p =
        (const struct cnnc_add_fine_s8_avx512vnni_parameters *)of;
    const int32_t one = first * 256;
    const int32_t two = second * 256;
    const int32_t low = one * p->first_low + two * p->second_low + p->offset_low;
    const int32_t carried = (low >> 14) + p->offset_high;
    return cnnc_clamp_s8((carried + one * p->first_high + two * p->second_high) >> p->shift,
                         p->minimum, p->maximum);
}

#if CNNC_HAS_AVX512VNNI

/* 16 pairs of operands. */
CNNC_KERNEL __m512i cnnc_add_fine_16_avx512(const struct cnnc_add_fine_s8_avx512vnni_parameters *p,
                                            __m512i pairs) {
    const __m512i low = _mm512_set1_epi32(p->second_low * 65536 + (p->first_low & 65535));
    const __m512i high = _mm512_set1_epi32(p->second_high * 65536 + (p->first_high & 65535));
    const __m512i carry =
        _mm512_srai_epi32(_mm512_dpwssd_epi32(_mm512_set1_epi32(p->offset_low), pairs, low), 14);
    const __m512i carried = _mm512_add_epi32(carry, _mm512_set1_epi32(p->offset_high));
    return _mm512_srav_epi32(_mm512_dpwssd_epi32(carried, pairs, high),
                             _mm512_set1_epi32(p->shift));
}

CNNC_KERNEL __m512i cnnc_add_fine_64_avx512(const void *of, __m512i first, __m512i second) {
    const struct cnnc_add_fine_s8_avx512vnni_parameters *p =
        (const struct cnnc_add_fine_s8_avx512vnni_parameters *)of;
    const __m512i zero = _mm512_setzero_si512();
    const __m512i one_low = _mm512_unpacklo_epi8(zero, first);
    const __m512i one_high = _mm512_unpackhi_epi8(zero, first);
    const __m512i two_low = _mm512_unpacklo_epi8(zero, second);
    const __m512i two_high = _mm512_unpackhi_epi8(zero, second);
    __m512i sums[4];
    sums[0] = cnnc_add_fine_16_avx512(p, _mm512_unpacklo_epi16(one_low, two_low));
    sums[1] = cnnc_add_fine_16_avx512(p, _mm512_unpackhi_epi16(one_low, two_low));
    sums[2] = cnnc_add_fine_16_avx512(p, _mm512_unpacklo_epi16(one_high, two_high));
    sums[3] = cnnc_add_fine_16_avx512(p, _mm512_unpackhi_epi16(one_high, two_high));
    return cnnc_clamp_64(cnnc_pack_words_64(sums, zero), p->minimum, p->maximum);
}

#endif

CNNC_KERNEL void cnnc_add_fine_s8_avx512vnni(const struct cnnc_add_fine_s8_avx512vnni_parameters *p,
                                             const int8_t *first, const int8_t *second,
                                             int8_t *output) {
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
#if CNNC_HAS_AVX512VNNI
    cnnc_binary_64(&rows, p, first, second, output, cnnc_add_fine_64_avx512);
#else
    cnnc_binary_16(&rows, p, first, second, output, cnnc_add_fine_element_avx512vnni, NULL);
#endif
}

#endif

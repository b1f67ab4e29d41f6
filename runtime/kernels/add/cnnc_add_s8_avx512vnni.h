/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together, rounding by rounding, 64 elements at a
 * time (AVX-512); output may be an operand of its size. */
#ifndef CNNC_ADD_S8_AVX512VNNI_H
#define CNNC_ADD_S8_AVX512VNNI_H

#include "cnnc_add_s8_avx2.h"
#include "cnnc_avx512.h"
#include "cnnc_binary_64.h"

#if CNNC_HAS_AVX512VNNI

/* Sixteen distances with 20 fraction bits at the common scale, of bytes that are the highest ones
 * of words; the wider operand's half is exact. */
CNNC_KERNEL __m512i cnnc_add_scaled_16_avx512(__m512i x, int32_t zero_point, int32_t multiplier,
                                              int32_t shift) {
    const __m512i distances =
        _mm512_sub_epi32(_mm512_srai_epi32(x, 4), _mm512_set1_epi32(zero_point * 1048576));
    if (multiplier == 1073741824 && shift == 0) {
        return _mm512_srai_epi32(distances, 1);
    }
    return cnnc_rescale_avx512(distances, _mm512_set1_epi32(multiplier), _mm512_set1_epi32(shift));
}

CNNC_KERNEL __m512i cnnc_add_16_avx512(const struct cnnc_add_broadcast_s8_parameters *p,
                                       __m512i first, __m512i second) {
    const __m512i sums = _mm512_add_epi32(
        cnnc_add_scaled_16_avx512(first, p->first_zero_point, p->first_multiplier, p->first_shift),
        cnnc_add_scaled_16_avx512(second, p->second_zero_point, p->second_multiplier,
                                  p->second_shift));
    return cnnc_rescale_avx512(sums, _mm512_set1_epi32(p->output_multiplier),
                               _mm512_set1_epi32(p->output_shift));
}

CNNC_KERNEL __m512i cnnc_add_64_avx512(const void *of, __m512i first, __m512i second) {
    const struct cnnc_add_broadcast_s8_parameters *p =
        (const struct cnnc_add_broadcast_s8_parameters *)of;
    const __m512i zero = _mm512_setzero_si512();
    const __m512i one_low = _mm512_unpacklo_epi8(zero, first);
    const __m512i one_high = _mm512_unpackhi_epi8(zero, first);
    const __m512i two_low = _mm512_unpacklo_epi8(zero, second);
    const __m512i two_high = _mm512_unpackhi_epi8(zero, second);
    __m512i sums[4];
    sums[0] = cnnc_add_16_avx512(p, _mm512_unpacklo_epi16(zero, one_low),
                                 _mm512_unpacklo_epi16(zero, two_low));
    sums[1] = cnnc_add_16_avx512(p, _mm512_unpackhi_epi16(zero, one_low),
                                 _mm512_unpackhi_epi16(zero, two_low));
    sums[2] = cnnc_add_16_avx512(p, _mm512_unpacklo_epi16(zero, one_high),
                                 _mm512_unpacklo_epi16(zero, two_high));
    sums[3] = cnnc_add_16_avx512(p, _mm512_unpackhi_epi16(zero, one_high),
                                 _mm512_unpackhi_epi16(zero, two_high));
    return cnnc_clamp_64(cnnc_pack_words_64(sums, _mm512_set1_epi16((int16_t)p->output_zero_point)),
                         p->minimum, p->maximum);
}

#endif

CNNC_KERNEL void cnnc_add_s8_avx512vnni(const struct cnnc_add_broadcast_s8_parameters *p,
                                        const int8_t *first, const int8_t *second, int8_t *output) {
#if CNNC_HAS_AVX512VNNI
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    cnnc_binary_64(&rows, p, first, second, output, cnnc_add_64_avx512);
#else
    cnnc_add_s8_avx2(p, first, second, output);
#endif
}

#endif

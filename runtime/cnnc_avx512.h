/* SPDX-License-Identifier: MIT-0 */
/* How sums become int8 with AVX-512, where CNNC_HAS_AVX512VNNI. */
#ifndef CNNC_AVX512_H
#define CNNC_AVX512_H

#include "cnnc_fixed_point.h"
#include "cnnc_x86.h"

/* Constants of 16 channels lie behind each other: what their sums start with, multipliers, shifts,
 * and the same scale as real numbers: its first 24 bits, the others, and what is added before the
 * result is cut off. */
#define CNNC_CHANNELS_AVX512 16
#define CNNC_BIAS_AVX512 0
#define CNNC_MULTIPLIERS_AVX512 16
#define CNNC_SHIFTS_AVX512 32
#define CNNC_HIGH_AVX512 48
#define CNNC_LOW_AVX512 64
#define CNNC_OFFSET_AVX512 80
#define CNNC_BLOCK_AVX512 96

#if CNNC_HAS_AVX512VNNI

/* Bits 31 to 62 of 64-bit numbers, those at even places of even and those at odd ones of odd. */
CNNC_KERNEL __m512i cnnc_join_products_avx512(__m512i even, __m512i odd) {
    return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
}

/* cnnc_rescale of each of 16 sums. */
CNNC_KERNEL __m512i cnnc_rescale_avx512(__m512i sums, __m512i multipliers, __m512i shifts) {
    const __m512i odd_multipliers = _mm512_srli_epi64(multipliers, 32);
#ifdef CNNC_SINGLE_ROUNDING
    const __m512i total = _mm512_sub_epi32(_mm512_set1_epi32(31), shifts);
    const __m512i even_total = _mm512_and_si512(total, _mm512_set1_epi64(0xFFFFFFFF));
    const __m512i odd_total = _mm512_srli_epi64(total, 32);
    const __m512i half = _mm512_set1_epi64((int64_t)1 << 62);
    const __m512i last = _mm512_set1_epi64(63);
    const __m512i even =
        _mm512_add_epi64(_mm512_mul_epi32(sums, multipliers),
                         _mm512_srlv_epi64(half, _mm512_sub_epi64(last, even_total)));
    const __m512i odd =
        _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(sums, 32), odd_multipliers),
                         _mm512_srlv_epi64(half, _mm512_sub_epi64(last, odd_total)));
    return _mm512_mask_blend_epi32(0xAAAA, _mm512_srav_epi64(even, even_total),
                                   _mm512_slli_epi64(_mm512_srav_epi64(odd, odd_total), 32));
#else
    const __m512i zero = _mm512_setzero_si512();
    const __m512i nudge = _mm512_set1_epi64((int64_t)1 << 30);
    const __m512i left = _mm512_sllv_epi32(sums, _mm512_max_epi32(shifts, zero));
    const __m512i right = _mm512_sub_epi32(zero, _mm512_min_epi32(shifts, zero));
    const __mmask16 is_shifted = _mm512_cmpgt_epi32_mask(right, zero);
    const __m512i scaled = cnnc_join_products_avx512(
        _mm512_add_epi64(_mm512_mul_epi32(left, multipliers), nudge),
        _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(left, 32), odd_multipliers), nudge));
    /* Ties go away from zero: one less for negative numbers, then the first bit that is cut off. */
    const __m512i moved =
        _mm512_mask_add_epi32(scaled, is_shifted, scaled, _mm512_srai_epi32(scaled, 31));
    const __m512i tie = _mm512_srav_epi32(moved, _mm512_sub_epi32(right, _mm512_set1_epi32(1)));
    const __m512i result = _mm512_srav_epi32(moved, right);
    return _mm512_mask_add_epi32(result, is_shifted, result,
                                 _mm512_and_si512(tie, _mm512_set1_epi32(1)));
#endif
}

/* Offsets with the signs of sums. */
CNNC_KERNEL __m512 cnnc_signed_avx512(__m512i sums, __m512 offsets) {
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(sums, _mm512_set1_epi32(INT32_MIN),
                                                         _mm512_castps_si512(offsets), 0xEA));
}

/* The same by real numbers, where it was proven equal: the nearest zero of the two integers around
 * sum * scale + start, where start is an offset with the sum's sign. The product is exact, and what
 * it is rounded to lies between the same integers. */
CNNC_KERNEL __m512i cnnc_rescale_short_avx512(__m512i sums, __m512 scale, __m512 start) {
    return _mm512_cvttps_epi32(_mm512_fmadd_round_ps(_mm512_cvtepi32_ps(sums), scale, start,
                                                     _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
}

/* The same with a scale of high + low. */
CNNC_KERNEL __m512i cnnc_rescale_real_avx512(__m512i sums, __m512 high, __m512 low, __m512 offset) {
    const __m512 start = cnnc_signed_avx512(sums, offset);
    return cnnc_rescale_short_avx512(sums, high,
                                     _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), low, start));
}

/* One or the other of 16 channels, whose constants block points at; is_real is 0 or 1. */
CNNC_KERNEL __m512i cnnc_rescale_block_avx512(__m512i sums, const int32_t *block, int32_t is_real) {
    if (is_real) {
        return cnnc_rescale_real_avx512(
            sums, _mm512_loadu_ps((const void *)(block + CNNC_HIGH_AVX512)),
            _mm512_loadu_ps((const void *)(block + CNNC_LOW_AVX512)),
            _mm512_loadu_ps((const void *)(block + CNNC_OFFSET_AVX512)));
    }
    return cnnc_rescale_avx512(sums,
                               _mm512_loadu_si512((const void *)(block + CNNC_MULTIPLIERS_AVX512)),
                               _mm512_loadu_si512((const void *)(block + CNNC_SHIFTS_AVX512)));
}

#endif

#endif

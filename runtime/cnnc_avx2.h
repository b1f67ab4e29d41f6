/* SPDX-License-Identifier: MIT-0 */
/* How sums become int8 with AVX2, where CNNC_HAS_AVX2. */
#ifndef CNNC_AVX2_H
#define CNNC_AVX2_H

#include "cnnc_fixed_point.h"
#include "cnnc_x86.h"

#if CNNC_HAS_AVX2

/* cnnc_rescale of each of 8 sums. */
CNNC_KERNEL __m256i cnnc_rescale_avx2(__m256i sums, __m256i multipliers, __m256i shifts) {
    const __m256i odd_multipliers = _mm256_srli_epi64(multipliers, 32);
#ifdef CNNC_SINGLE_ROUNDING
    /* There is no arithmetic shift of 64 bits: 2^63 is added before and taken back behind. */
    const __m256i bias = _mm256_set1_epi64x(INT64_MIN);
    const __m256i total = _mm256_sub_epi32(_mm256_set1_epi32(31), shifts);
    const __m256i even_total = _mm256_and_si256(total, _mm256_set1_epi64x(0xFFFFFFFF));
    const __m256i odd_total = _mm256_srli_epi64(total, 32);
    const __m256i half = _mm256_set1_epi64x((int64_t)1 << 62);
    const __m256i last = _mm256_set1_epi64x(63);
    const __m256i even = _mm256_add_epi64(
        _mm256_mul_epi32(sums, multipliers),
        _mm256_add_epi64(bias, _mm256_srlv_epi64(half, _mm256_sub_epi64(last, even_total))));
    const __m256i odd = _mm256_add_epi64(
        _mm256_mul_epi32(_mm256_srli_epi64(sums, 32), odd_multipliers),
        _mm256_add_epi64(bias, _mm256_srlv_epi64(half, _mm256_sub_epi64(last, odd_total))));
    const __m256i even_result =
        _mm256_sub_epi64(_mm256_srlv_epi64(even, even_total), _mm256_srlv_epi64(bias, even_total));
    const __m256i odd_result =
        _mm256_sub_epi64(_mm256_srlv_epi64(odd, odd_total), _mm256_srlv_epi64(bias, odd_total));
    return _mm256_blend_epi32(even_result, _mm256_slli_epi64(odd_result, 32), 0xAA);
#else
    const __m256i zero = _mm256_setzero_si256();
    const __m256i nudge = _mm256_set1_epi64x((int64_t)1 << 30);
    const __m256i left = _mm256_sllv_epi32(sums, _mm256_max_epi32(shifts, zero));
    const __m256i right = _mm256_sub_epi32(zero, _mm256_min_epi32(shifts, zero));
    const __m256i is_shifted = _mm256_cmpgt_epi32(right, zero);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(left, multipliers), nudge);
    const __m256i odd =
        _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(left, 32), odd_multipliers), nudge);
    const __m256i scaled =
        _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
    /* Ties go away from zero: one less for negative numbers, then the first bit that is cut off. */
    const __m256i moved =
        _mm256_add_epi32(scaled, _mm256_and_si256(is_shifted, _mm256_srai_epi32(scaled, 31)));
    const __m256i tie = _mm256_srav_epi32(moved, _mm256_sub_epi32(right, _mm256_set1_epi32(1)));
    const __m256i one = _mm256_and_si256(is_shifted, _mm256_set1_epi32(1));
    return _mm256_add_epi32(_mm256_srav_epi32(moved, right), _mm256_and_si256(tie, one));
#endif
}

#endif

#endif

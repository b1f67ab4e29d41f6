/* SPDX-License-Identifier: MIT-0 */
/* Sums of sixteen channels at a time, and what becomes of them: vectors where there are some, else
 * arrays. Halves are sums of up to 256 bytes, words are sums of halves. */
#ifndef CNNC_SUMS_16_H
#define CNNC_SUMS_16_H

#include "cnnc_avx2.h"
#include "cnnc_bytes_16.h"

/* Elements over which averages may be taken. */
#define CNNC_MOST_AVERAGED 2800

#if CNNC_HAS_NEON

typedef int16x8x2_t cnnc_halves_16;
typedef int32x4x4_t cnnc_words_16;

CNNC_KERNEL cnnc_halves_16 cnnc_no_halves_16(void) {
    cnnc_halves_16 sums;
    sums.val[0] = vdupq_n_s16(0);
    sums.val[1] = sums.val[0];
    return sums;
}

CNNC_KERNEL cnnc_halves_16 cnnc_add_bytes_16(cnnc_halves_16 sums, cnnc_bytes_16 x) {
    sums.val[0] = vaddw_s8(sums.val[0], vget_low_s8(x));
#if CNNC_HAS_NEON64
    sums.val[1] = vaddw_high_s8(sums.val[1], x);
#else
    sums.val[1] = vaddw_s8(sums.val[1], vget_high_s8(x));
#endif
    return sums;
}

CNNC_KERNEL cnnc_words_16 cnnc_words_of_16(int32_t value) {
    cnnc_words_16 words;
    words.val[0] = vdupq_n_s32(value);
    words.val[1] = words.val[0];
    words.val[2] = words.val[0];
    words.val[3] = words.val[0];
    return words;
}

CNNC_KERNEL cnnc_words_16 cnnc_add_halves_16(cnnc_words_16 words, cnnc_halves_16 sums) {
    words.val[0] = vaddw_s16(words.val[0], vget_low_s16(sums.val[0]));
    words.val[1] = vaddw_s16(words.val[1], vget_high_s16(sums.val[0]));
    words.val[2] = vaddw_s16(words.val[2], vget_low_s16(sums.val[1]));
    words.val[3] = vaddw_s16(words.val[3], vget_high_s16(sums.val[1]));
    return words;
}

/* Four quotients plus 128, see cnnc_average_16. */
CNNC_KERNEL int32x4_t cnnc_average_4_neon(int32x4_t sums, int32_t count) {
    const int32_t multiplier =
        count == 1 ? INT32_MAX : (int32_t)(2147483648U / (uint32_t)count) + 1;
    /* A product with INT32_MAX rather than 2^31 is less than x, by less than 1. */
    const int32_t raised = count / 2 + 128 * count + (count == 1 ? 1 : 0);
    if (count % 2 == 0) {
        sums = vsraq_n_s32(sums, sums, 31);
    }
    return vqdmulhq_n_s32(vaddq_s32(sums, vdupq_n_s32(raised)), multiplier);
}

/* The quotient of each sum, rounded half away from zero; count is at most CNNC_MOST_AVERAGED and
 * each sum at most 128 times that. Sums are raised by 128 counts, so that quotients are positive,
 * x = q count + r. Then x (2^31 / count + e) / 2^31 with 0 < e <= 1 is less than q + 1, because
 * x < 257 count and 257 count^2 < 2^31. */
CNNC_KERNEL cnnc_bytes_16 cnnc_average_16(cnnc_words_16 words, int32_t count) {
    const int16x8_t low = vcombine_s16(vmovn_s32(cnnc_average_4_neon(words.val[0], count)),
                                       vmovn_s32(cnnc_average_4_neon(words.val[1], count)));
    const int16x8_t high = vcombine_s16(vmovn_s32(cnnc_average_4_neon(words.val[2], count)),
                                        vmovn_s32(cnnc_average_4_neon(words.val[3], count)));
    return veorq_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high)), vdupq_n_s8(INT8_MIN));
}

/* The same for at most 11 elements: 257 count^2 < 2^15. */
CNNC_KERNEL cnnc_bytes_16 cnnc_average_few_16(cnnc_halves_16 sums, int32_t count) {
    const int16_t multiplier = (int16_t)(count == 1 ? INT16_MAX : 32768 / count + 1);
    const int16x8_t raised = vdupq_n_s16((int16_t)(count / 2 + 128 * count + (count == 1 ? 1 : 0)));
    int16x8_t low = sums.val[0];
    int16x8_t high = sums.val[1];
    if (count % 2 == 0) {
        low = vsraq_n_s16(low, low, 15);
        high = vsraq_n_s16(high, high, 15);
    }
    low = vqdmulhq_n_s16(vaddq_s16(low, raised), multiplier);
    high = vqdmulhq_n_s16(vaddq_s16(high, raised), multiplier);
    return veorq_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high)), vdupq_n_s8(INT8_MIN));
}

/* cnnc_requantize_s8 of each sum. */
CNNC_KERNEL cnnc_bytes_16 cnnc_requantize_16(cnnc_words_16 words, int32_t multiplier, int32_t shift,
                                             int32_t zero_point) {
    const struct cnnc_scaling_neon scaling = {shift > 0, shift >= 0, 1};
    const int32x4_t multipliers = vdupq_n_s32(multiplier);
    const int32x4_t shifts = vdupq_n_s32(shift);
    const int16x8_t offset = vdupq_n_s16((int16_t)zero_point);
    const int16x8_t low =
        cnnc_narrow_to_s16_neon(cnnc_rescale_neon(&scaling, words.val[0], multipliers, shifts),
                                cnnc_rescale_neon(&scaling, words.val[1], multipliers, shifts));
    const int16x8_t high =
        cnnc_narrow_to_s16_neon(cnnc_rescale_neon(&scaling, words.val[2], multipliers, shifts),
                                cnnc_rescale_neon(&scaling, words.val[3], multipliers, shifts));
    return cnnc_narrow_to_s8_neon(vqaddq_s16(low, offset), vqaddq_s16(high, offset));
}

#elif CNNC_HAS_AVX2

typedef __m256i cnnc_halves_16;
typedef struct {
    __m256i low;
    __m256i high;
} cnnc_words_16;

CNNC_KERNEL cnnc_halves_16 cnnc_no_halves_16(void) { return _mm256_setzero_si256(); }

CNNC_KERNEL cnnc_halves_16 cnnc_add_bytes_16(cnnc_halves_16 sums, cnnc_bytes_16 x) {
    return _mm256_add_epi16(sums, _mm256_cvtepi8_epi16(x));
}

CNNC_KERNEL cnnc_words_16 cnnc_words_of_16(int32_t value) {
    cnnc_words_16 words;
    words.low = _mm256_set1_epi32(value);
    words.high = words.low;
    return words;
}

CNNC_KERNEL cnnc_words_16 cnnc_add_halves_16(cnnc_words_16 words, cnnc_halves_16 sums) {
    const __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sums));
    const __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sums, 1));
    words.low = _mm256_add_epi32(words.low, low);
    words.high = _mm256_add_epi32(words.high, high);
    return words;
}

/* Saturated, in order. */
CNNC_KERNEL cnnc_bytes_16 cnnc_narrow_16_avx2(__m256i low, __m256i high, __m256i offset) {
    const __m256i mixed = _mm256_adds_epi16(_mm256_packs_epi32(low, high), offset);
    const __m256i halves = _mm256_permute4x64_epi64(mixed, 0xD8);
    return _mm_packs_epi16(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

/* Eight quotients, rounded half away from zero. A quotient of floats is nearer to the real one than
 * 1 / count: it is never rounded up to a whole number. */
CNNC_KERNEL __m256i cnnc_average_8_avx2(__m256i sums, int32_t count) {
    const __m256i magnitude = _mm256_abs_epi32(sums);
    const __m256i raised = _mm256_add_epi32(magnitude, _mm256_set1_epi32(count / 2));
    const __m256 divisor = _mm256_set1_ps((float)count);
    const __m256 quotient = _mm256_div_ps(_mm256_cvtepi32_ps(raised), divisor);
    return _mm256_sign_epi32(_mm256_cvttps_epi32(quotient), sums);
}

CNNC_KERNEL cnnc_bytes_16 cnnc_average_16(cnnc_words_16 words, int32_t count) {
    return cnnc_narrow_16_avx2(cnnc_average_8_avx2(words.low, count),
                               cnnc_average_8_avx2(words.high, count), _mm256_setzero_si256());
}

CNNC_KERNEL cnnc_bytes_16 cnnc_average_few_16(cnnc_halves_16 sums, int32_t count) {
    return cnnc_average_16(cnnc_add_halves_16(cnnc_words_of_16(0), sums), count);
}

CNNC_KERNEL cnnc_bytes_16 cnnc_requantize_16(cnnc_words_16 words, int32_t multiplier, int32_t shift,
                                             int32_t zero_point) {
    const __m256i multipliers = _mm256_set1_epi32(multiplier);
    const __m256i shifts = _mm256_set1_epi32(shift);
    return cnnc_narrow_16_avx2(cnnc_rescale_avx2(words.low, multipliers, shifts),
                               cnnc_rescale_avx2(words.high, multipliers, shifts),
                               _mm256_set1_epi16((int16_t)zero_point));
}

#else

typedef struct {
    int16_t at[16];
} cnnc_halves_16;
typedef struct {
    int32_t at[16];
} cnnc_words_16;

CNNC_KERNEL cnnc_halves_16 cnnc_no_halves_16(void) {
    cnnc_halves_16 sums;
    memset(sums.at, 0, sizeof sums.at);
    return sums;
}

CNNC_KERNEL cnnc_halves_16 cnnc_add_bytes_16(cnnc_halves_16 sums, cnnc_bytes_16 x) {
    for (int32_t i = 0; i < 16; ++i) {
        sums.at[i] = (int16_t)(sums.at[i] + x.at[i]);
    }
    return sums;
}

CNNC_KERNEL cnnc_words_16 cnnc_words_of_16(int32_t value) {
    cnnc_words_16 words;
    for (int32_t i = 0; i < 16; ++i) {
        words.at[i] = value;
    }
    return words;
}

CNNC_KERNEL cnnc_words_16 cnnc_add_halves_16(cnnc_words_16 words, cnnc_halves_16 sums) {
    for (int32_t i = 0; i < 16; ++i) {
        words.at[i] += sums.at[i];
    }
    return words;
}

CNNC_KERNEL cnnc_bytes_16 cnnc_average_16(cnnc_words_16 words, int32_t count) {
    cnnc_bytes_16 quotients;
    for (int32_t i = 0; i < 16; ++i) {
        const int32_t sum = words.at[i];
        quotients.at[i] = (int8_t)((sum > 0 ? sum + count / 2 : sum - count / 2) / count);
    }
    return quotients;
}

CNNC_KERNEL cnnc_bytes_16 cnnc_average_few_16(cnnc_halves_16 sums, int32_t count) {
    return cnnc_average_16(cnnc_add_halves_16(cnnc_words_of_16(0), sums), count);
}

CNNC_KERNEL cnnc_bytes_16 cnnc_requantize_16(cnnc_words_16 words, int32_t multiplier, int32_t shift,
                                             int32_t zero_point) {
    cnnc_bytes_16 bytes;
    for (int32_t i = 0; i < 16; ++i) {
        bytes.at[i] =
            cnnc_requantize_s8(words.at[i], multiplier, shift, zero_point, INT8_MIN, INT8_MAX);
    }
    return bytes;
}

#endif

/* What lies count steps apart, at most 256 of them; a part of eight bytes only if is_part. */
CNNC_KERNEL cnnc_halves_16 cnnc_line_sums_16(cnnc_halves_16 sums, const int8_t *first,
                                             int32_t count, int32_t step, int32_t is_part) {
    CNNC_UNROLL(4)
    for (int32_t i = 0; i < count; ++i) {
        const int8_t *at = first + i * step;
        sums = cnnc_add_bytes_16(sums, is_part ? cnnc_load_8(at) : cnnc_load_16(at));
    }
    return sums;
}

/* The first sixteen bytes, or eight. */
CNNC_KERNEL void cnnc_store_part_16(int8_t *to, cnnc_bytes_16 x, int32_t is_part) {
    if (is_part) {
        cnnc_store_8(to, x);
    } else {
        cnnc_store_16(to, x);
    }
}

#endif

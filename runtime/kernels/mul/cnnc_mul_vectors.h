/* SPDX-License-Identifier: MIT-0 */
/* Elementwise product of two tensors that broadcast together, sixteen elements at a time; output
 * may be an operand of its size. */
#ifndef CNNC_MUL_VECTORS_H
#define CNNC_MUL_VECTORS_H

#include "cnnc_avx2.h"
#include "cnnc_binary_16.h"
#include "cnnc_mul_broadcast_s8.h"
#include "cnnc_sums_16.h"

CNNC_KERNEL int8_t cnnc_mul_vectors_element(const void *of, int8_t first, int8_t second) {
    const struct cnnc_mul_broadcast_s8_parameters *p =
        (const struct cnnc_mul_broadcast_s8_parameters *)of;
    const int32_t product = (first - p->first_zero_point) * (second - p->second_zero_point);
    return cnnc_requantize_s8(product, p->multiplier, p->shift, p->output_zero_point, p->minimum,
                              p->maximum);
}

#if CNNC_HAS_NEON

/* Distances of the first and the last eight bytes from a zero point. */
CNNC_KERNEL int16x8_t cnnc_low_distances_neon(int8x16_t x, int32_t zero_point) {
    return vsubl_s8(vget_low_s8(x), vdup_n_s8((int8_t)zero_point));
}

CNNC_KERNEL int16x8_t cnnc_high_distances_neon(int8x16_t x, int32_t zero_point) {
#if CNNC_HAS_NEON64
    return vsubl_high_s8(x, vdupq_n_s8((int8_t)zero_point));
#else
    return vsubl_s8(vget_high_s8(x), vdup_n_s8((int8_t)zero_point));
#endif
}

CNNC_KERNEL int32x4_t cnnc_high_products_neon(int16x8_t a, int16x8_t b) {
#if CNNC_HAS_NEON64
    return vmull_high_s16(a, b);
#else
    return vmull_s16(vget_high_s16(a), vget_high_s16(b));
#endif
}

CNNC_KERNEL cnnc_bytes_16 cnnc_mul_block(const void *of, cnnc_bytes_16 first,
                                         cnnc_bytes_16 second) {
    const struct cnnc_mul_broadcast_s8_parameters *p =
        (const struct cnnc_mul_broadcast_s8_parameters *)of;
    const int16x8_t first_low = cnnc_low_distances_neon(first, p->first_zero_point);
    const int16x8_t first_high = cnnc_high_distances_neon(first, p->first_zero_point);
    const int16x8_t second_low = cnnc_low_distances_neon(second, p->second_zero_point);
    const int16x8_t second_high = cnnc_high_distances_neon(second, p->second_zero_point);
    cnnc_words_16 products;
    products.val[0] = vmull_s16(vget_low_s16(first_low), vget_low_s16(second_low));
    products.val[1] = cnnc_high_products_neon(first_low, second_low);
    products.val[2] = vmull_s16(vget_low_s16(first_high), vget_low_s16(second_high));
    products.val[3] = cnnc_high_products_neon(first_high, second_high);
    return cnnc_clamp_16_neon(
        cnnc_requantize_16(products, p->multiplier, p->shift, p->output_zero_point), p->minimum,
        p->maximum);
}

#elif CNNC_HAS_AVX2

CNNC_KERNEL cnnc_bytes_16 cnnc_mul_block(const void *of, cnnc_bytes_16 first,
                                         cnnc_bytes_16 second) {
    const struct cnnc_mul_broadcast_s8_parameters *p =
        (const struct cnnc_mul_broadcast_s8_parameters *)of;
    const __m256i one = _mm256_sub_epi16(_mm256_cvtepi8_epi16(first),
                                         _mm256_set1_epi16((int16_t)p->first_zero_point));
    const __m256i two = _mm256_sub_epi16(_mm256_cvtepi8_epi16(second),
                                         _mm256_set1_epi16((int16_t)p->second_zero_point));
    const __m256i low = _mm256_mullo_epi16(one, two);
    const __m256i high = _mm256_mulhi_epi16(one, two);
    const __m256i mixed_low = _mm256_unpacklo_epi16(low, high);
    const __m256i mixed_high = _mm256_unpackhi_epi16(low, high);
    cnnc_words_16 products;
    cnnc_bytes_16 scaled;
    products.low = _mm256_permute2x128_si256(mixed_low, mixed_high, 0x20);
    products.high = _mm256_permute2x128_si256(mixed_low, mixed_high, 0x31);
    scaled = cnnc_requantize_16(products, p->multiplier, p->shift, p->output_zero_point);
    scaled = _mm_max_epi8(scaled, _mm_set1_epi8((int8_t)p->minimum));
    return _mm_min_epi8(scaled, _mm_set1_epi8((int8_t)p->maximum));
}

#endif

#if CNNC_HAS_BYTES_16
#define CNNC_MUL_BLOCK cnnc_mul_block
#else
#define CNNC_MUL_BLOCK NULL
#endif

CNNC_KERNEL void cnnc_mul_vectors(const struct cnnc_mul_broadcast_s8_parameters *p,
                                  const int8_t *first, const int8_t *second, int8_t *output) {
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    cnnc_binary_16(&rows, p, first, second, output, cnnc_mul_vectors_element, CNNC_MUL_BLOCK);
}

#endif

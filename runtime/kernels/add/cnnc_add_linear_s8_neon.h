/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors of one shape as a straight line whose factors have three digits of
 * eight bits, so that products of bytes suffice (NEON); output may be either operand. */
#ifndef CNNC_ADD_LINEAR_S8_NEON_H
#define CNNC_ADD_LINEAR_S8_NEON_H

#include "cnnc_neon.h"

/* Every sum of products of one digit fits in int16, with what is added to it. */
struct cnnc_add_linear_s8_neon_parameters {
    int32_t size;       /* elements */
    int32_t first_high; /* factor of the first operand: 2^16 high + 2^8 middle + low */
    int32_t first_middle;
    int32_t first_low;
    int32_t second_high;
    int32_t second_middle;
    int32_t second_low;
    int32_t offset_high; /* 2^16 high + 2^8 middle is added */
    int32_t offset_middle;
    int32_t shift; /* of the high digit, 1..7 */
    int32_t minimum;
    int32_t maximum;
};

/* One element: floors of quotients nest, so that carries may be taken digit by digit. */
CNNC_KERNEL int8_t cnnc_add_linear_element_neon(const struct cnnc_add_linear_s8_neon_parameters *p,
                                                int8_t first, int8_t second) {
    const int32_t low = first * p->first_low + second * p->second_low;
    const int32_t middle =
        first * p->first_middle + second * p->second_middle + p->offset_middle + (low >> 8);
    const int32_t high =
        first * p->first_high + second * p->second_high + p->offset_high + (middle >> 8);
    return cnnc_clamp_s8(high >> p->shift, p->minimum, p->maximum);
}

#if CNNC_HAS_NEON

/* Eight sums of the highest digit, without its offset, from those of each digit. */
CNNC_KERNEL int16x8_t cnnc_add_linear_carry_neon(const struct cnnc_add_linear_s8_neon_parameters *p,
                                                 int16x8_t low, int16x8_t middle, int16x8_t high) {
    middle = vsraq_n_s16(middle, low, 8);
    middle = vaddq_s16(middle, vdupq_n_s16((int16_t)p->offset_middle));
    return vsraq_n_s16(high, middle, 8);
}

/* Products with the factors' digits number one and two. */
CNNC_KERNEL int16x8_t cnnc_add_linear_low_neon(int8x16_t first, int32_t one, int8x16_t second,
                                               int32_t two) {
    const int16x8_t product = vmull_s8(vget_low_s8(first), vdup_n_s8((int8_t)one));
    return vmlal_s8(product, vget_low_s8(second), vdup_n_s8((int8_t)two));
}

CNNC_KERNEL int16x8_t cnnc_add_linear_high_neon(int8x16_t first, int32_t one, int8x16_t second,
                                                int32_t two) {
#if CNNC_HAS_NEON64
    const int16x8_t product = vmull_high_s8(first, vdupq_n_s8((int8_t)one));
    return vmlal_high_s8(product, second, vdupq_n_s8((int8_t)two));
#else
    const int16x8_t product = vmull_s8(vget_high_s8(first), vdup_n_s8((int8_t)one));
    return vmlal_s8(product, vget_high_s8(second), vdup_n_s8((int8_t)two));
#endif
}

CNNC_KERNEL int8x8_t cnnc_add_linear_narrow_neon(int16x8_t high, int32_t shift) {
    switch (shift) {
    case 7:
        return vqshrn_n_s16(high, 7);
    case 6:
        return vqshrn_n_s16(high, 6);
    case 5:
        return vqshrn_n_s16(high, 5);
    default:
        return vqmovn_s16(vshlq_s16(high, vdupq_n_s16((int16_t)-shift)));
    }
}

/* Sixteen elements. */
CNNC_KERNEL int8x16_t cnnc_add_linear_16_neon(const struct cnnc_add_linear_s8_neon_parameters *p,
                                              int8x16_t first, int8x16_t second) {
    const int16x8_t offset = vdupq_n_s16((int16_t)p->offset_high);
    const int16x8_t low = cnnc_add_linear_carry_neon(
        p, cnnc_add_linear_low_neon(first, p->first_low, second, p->second_low),
        cnnc_add_linear_low_neon(first, p->first_middle, second, p->second_middle),
        cnnc_add_linear_low_neon(first, p->first_high, second, p->second_high));
    const int16x8_t high = cnnc_add_linear_carry_neon(
        p, cnnc_add_linear_high_neon(first, p->first_low, second, p->second_low),
        cnnc_add_linear_high_neon(first, p->first_middle, second, p->second_middle),
        cnnc_add_linear_high_neon(first, p->first_high, second, p->second_high));
    const int8x8_t low_bytes = cnnc_add_linear_narrow_neon(vqaddq_s16(low, offset), p->shift);
    const int8x8_t high_bytes = cnnc_add_linear_narrow_neon(vqaddq_s16(high, offset), p->shift);
    return cnnc_clamp_16_neon(vcombine_s8(low_bytes, high_bytes), p->minimum, p->maximum);
}

/* At least sixteen elements. The last sixteen, which may overlap others, are loaded before the
 * output may take their place. */
CNNC_KERNEL void cnnc_add_linear_blocks_neon(const struct cnnc_add_linear_s8_neon_parameters *p,
                                             const int8_t *first, const int8_t *second,
                                             int8_t *output) {
    const int32_t last = p->size - 16;
    const int8x16_t last_first = vld1q_s8(first + last);
    const int8x16_t last_second = vld1q_s8(second + last);
    int32_t i = 0;
    for (; i + 32 <= p->size; i += 32) {
        const int8x16_t first_0 = vld1q_s8(first + i);
        const int8x16_t first_1 = vld1q_s8(first + i + 16);
        const int8x16_t second_0 = vld1q_s8(second + i);
        const int8x16_t second_1 = vld1q_s8(second + i + 16);
        vst1q_s8(output + i, cnnc_add_linear_16_neon(p, first_0, second_0));
        vst1q_s8(output + i + 16, cnnc_add_linear_16_neon(p, first_1, second_1));
    }
    if (p->size % 32 > 16) {
        const int8x16_t sums =
            cnnc_add_linear_16_neon(p, vld1q_s8(first + i), vld1q_s8(second + i));
        vst1q_s8(output + i, sums);
    }
    if (p->size % 32 > 0) {
        vst1q_s8(output + last, cnnc_add_linear_16_neon(p, last_first, last_second));
    }
}

#endif

CNNC_KERNEL void cnnc_add_linear_s8_neon(const struct cnnc_add_linear_s8_neon_parameters *p,
                                         const int8_t *first, const int8_t *second,
                                         int8_t *output) {
#if CNNC_HAS_NEON
    if (p->size >= 16) {
        cnnc_add_linear_blocks_neon(p, first, second, output);
        return;
    }
#endif
    for (int32_t i = 0; i < p->size; ++i) {
        output[i] = cnnc_add_linear_element_neon(p, first[i], second[i]);
    }
}

#endif

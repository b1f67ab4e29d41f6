/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together as a straight line whose factors have
 * three digits of eight bits, so that products of bytes suffice (NEON); output may be an operand of
 * its size. */
#ifndef CNNC_ADD_LINEAR_S8_NEON_H
#define CNNC_ADD_LINEAR_S8_NEON_H

#include "cnnc_binary_16.h"
#include "cnnc_fixed_point.h"

/* Every sum of products of one digit fits in int16, with what is added to it. */
struct cnnc_add_linear_s8_neon_parameters {
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
    int32_t first_high; /* factor of the first operand: 2^16 high + 2^8 middle + low */
    int32_t first_middle;
    int32_t first_low;
    int32_t second_high;
    int32_t second_middle;
    int32_t second_low;
    int32_t offset_high; /* what is added, likewise */
    int32_t offset_middle;
    int32_t offset_low; /* 0 saves an instruction */
    int32_t shift;      /* of the high digit, 1..7 */
    int32_t minimum;
    int32_t maximum;
};

/* One element: floors of quotients nest, so that carries may be taken digit by digit. */
CNNC_KERNEL int8_t cnnc_add_linear_element_neon(const void *of, int8_t first, int8_t second) {
    const struct cnnc_add_linear_s8_neon_parameters *p =
        (const struct cnnc_add_linear_s8_neon_parameters *)of;
    const int32_t low = first * p->first_low + second * p->second_low + p->offset_low;
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
    if (p->offset_low != 0) {
        low = vaddq_s16(low, vdupq_n_s16((int16_t)p->offset_low));
    }
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
CNNC_KERNEL int8x16_t cnnc_add_linear_16_neon(const void *of, int8x16_t first, int8x16_t second) {
    const struct cnnc_add_linear_s8_neon_parameters *p =
        (const struct cnnc_add_linear_s8_neon_parameters *)of;
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

#define CNNC_ADD_LINEAR_BLOCK_NEON cnnc_add_linear_16_neon
#else
#define CNNC_ADD_LINEAR_BLOCK_NEON NULL
#endif

CNNC_KERNEL void cnnc_add_linear_s8_neon(const struct cnnc_add_linear_s8_neon_parameters *p,
                                         const int8_t *first, const int8_t *second,
                                         int8_t *output) {
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    cnnc_binary_16(&rows, p, first, second, output, cnnc_add_linear_element_neon,
                   CNNC_ADD_LINEAR_BLOCK_NEON);
}

#endif

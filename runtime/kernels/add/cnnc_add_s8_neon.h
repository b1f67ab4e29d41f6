/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors that broadcast together, rounding by rounding, sixteen elements at
 * a time (NEON); output may be an operand of its size. */
#ifndef CNNC_ADD_S8_NEON_H
#define CNNC_ADD_S8_NEON_H

#include "cnnc_add_broadcast_s8.h"
#include "cnnc_binary_16.h"
#include "cnnc_sums_16.h"

CNNC_KERNEL int8_t cnnc_add_element_neon(const void *of, int8_t first, int8_t second) {
    const struct cnnc_add_broadcast_s8_parameters *p =
        (const struct cnnc_add_broadcast_s8_parameters *)of;
    const int32_t one =
        cnnc_rescale((first - p->first_zero_point) * 1048576, p->first_multiplier, p->first_shift);
    const int32_t two = cnnc_rescale((second - p->second_zero_point) * 1048576,
                                     p->second_multiplier, p->second_shift);
    return cnnc_requantize_s8(one + two, p->output_multiplier, p->output_shift,
                              p->output_zero_point, p->minimum, p->maximum);
}

#if CNNC_HAS_NEON

/* Four distances with 20 fraction bits at the common scale. */
CNNC_KERNEL int32x4_t cnnc_add_scaled_4_neon(int16x4_t distances, int32_t multiplier,
                                             int32_t shift) {
    const struct cnnc_scaling_neon scaling = {shift > 0, shift >= 0, 1};
    return cnnc_rescale_neon(&scaling, vshlq_n_s32(vmovl_s16(distances), 20),
                             vdupq_n_s32(multiplier), vdupq_n_s32(shift));
}

CNNC_KERNEL cnnc_words_16 cnnc_add_scaled_16_neon(int8x16_t x, int32_t zero_point,
                                                  int32_t multiplier, int32_t shift) {
    const int8x8_t zero = vdup_n_s8((int8_t)zero_point);
    const int16x8_t low = vsubl_s8(vget_low_s8(x), zero);
    const int16x8_t high = vsubl_s8(vget_high_s8(x), zero);
    cnnc_words_16 words;
    words.val[0] = cnnc_add_scaled_4_neon(vget_low_s16(low), multiplier, shift);
    words.val[1] = cnnc_add_scaled_4_neon(vget_high_s16(low), multiplier, shift);
    words.val[2] = cnnc_add_scaled_4_neon(vget_low_s16(high), multiplier, shift);
    words.val[3] = cnnc_add_scaled_4_neon(vget_high_s16(high), multiplier, shift);
    return words;
}

CNNC_KERNEL int8x16_t cnnc_add_16_neon(const void *of, int8x16_t first, int8x16_t second) {
    const struct cnnc_add_broadcast_s8_parameters *p =
        (const struct cnnc_add_broadcast_s8_parameters *)of;
    cnnc_words_16 sums =
        cnnc_add_scaled_16_neon(first, p->first_zero_point, p->first_multiplier, p->first_shift);
    const cnnc_words_16 others = cnnc_add_scaled_16_neon(second, p->second_zero_point,
                                                         p->second_multiplier, p->second_shift);
    sums.val[0] = vaddq_s32(sums.val[0], others.val[0]);
    sums.val[1] = vaddq_s32(sums.val[1], others.val[1]);
    sums.val[2] = vaddq_s32(sums.val[2], others.val[2]);
    sums.val[3] = vaddq_s32(sums.val[3], others.val[3]);
    return cnnc_clamp_16_neon(
        cnnc_requantize_16(sums, p->output_multiplier, p->output_shift, p->output_zero_point),
        p->minimum, p->maximum);
}

#define CNNC_ADD_BLOCK_NEON cnnc_add_16_neon
#else
#define CNNC_ADD_BLOCK_NEON NULL
#endif

CNNC_KERNEL void cnnc_add_s8_neon(const struct cnnc_add_broadcast_s8_parameters *p,
                                  const int8_t *first, const int8_t *second, int8_t *output) {
    const struct cnnc_binary_rows rows = CNNC_BINARY_ROWS(p);
    cnnc_binary_16(&rows, p, first, second, output, cnnc_add_element_neon, CNNC_ADD_BLOCK_NEON);
}

#endif

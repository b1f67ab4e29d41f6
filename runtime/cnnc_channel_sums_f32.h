/* SPDX-License-Identifier: MIT-0 */
/* Products of one vector of real numbers with the weights of several output channels, added to
 * their sums in the vector's order. Convolutions and fully connected layers are made of this. */
#ifndef CNNC_CHANNEL_SUMS_F32_H
#define CNNC_CHANNEL_SUMS_F32_H

#include "cnnc_common.h"

/* Output channels whose sums stay in registers together. The weights of as many lie side by side,
 * [depth][CNNC_BLOCK_F32]; those of the channels that remain lie one after another, [depth]. */
#define CNNC_BLOCK_F32 8

/* Sums of a block of channels; a single channel has only the first. */
struct cnnc_sums_f32 {
    float s0, s1, s2, s3, s4, s5, s6, s7;
};

struct cnnc_limits_f32 {
    float minimum;
    float maximum;
};

/* The biases of `width` channels, CNNC_BLOCK_F32 or 1. */
CNNC_KERNEL struct cnnc_sums_f32 cnnc_sums_from_f32(const float *CNNC_RESTRICT bias,
                                                    int32_t width) {
    struct cnnc_sums_f32 sums = {bias[0], 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    if (width == CNNC_BLOCK_F32) {
        sums.s1 = bias[1];
        sums.s2 = bias[2];
        sums.s3 = bias[3];
        sums.s4 = bias[4];
        sums.s5 = bias[5];
        sums.s6 = bias[6];
        sums.s7 = bias[7];
    }
    return sums;
}

/* sums[c] += sum over k in order of weights[k][c] * values[k], 0 <= k < depth. */
CNNC_KERNEL struct cnnc_sums_f32 cnnc_add_products_f32(struct cnnc_sums_f32 sums,
                                                       const float *CNNC_RESTRICT values,
                                                       const float *CNNC_RESTRICT weights,
                                                       int32_t depth, int32_t width) {
    if (width != CNNC_BLOCK_F32) {
        for (int32_t k = 0; k < depth; ++k) {
            sums.s0 += weights[k] * values[k];
        }
        return sums;
    }
    for (int32_t k = 0; k < depth; ++k) {
        const float value = values[k];
        sums.s0 += weights[0] * value;
        sums.s1 += weights[1] * value;
        sums.s2 += weights[2] * value;
        sums.s3 += weights[3] * value;
        sums.s4 += weights[4] * value;
        sums.s5 += weights[5] * value;
        sums.s6 += weights[6] * value;
        sums.s7 += weights[7] * value;
        weights += CNNC_BLOCK_F32;
    }
    return sums;
}

CNNC_KERNEL float cnnc_limited_f32(float sum, const struct cnnc_limits_f32 *limits) {
    if (sum < limits->minimum) {
        return limits->minimum;
    }
    return sum > limits->maximum ? limits->maximum : sum;
}

/* output[c] = sums[c] within the limits. */
CNNC_KERNEL void cnnc_store_sums_f32(const struct cnnc_sums_f32 *sums,
                                     const struct cnnc_limits_f32 *limits, int32_t width,
                                     float *CNNC_RESTRICT output) {
    output[0] = cnnc_limited_f32(sums->s0, limits);
    if (width == CNNC_BLOCK_F32) {
        output[1] = cnnc_limited_f32(sums->s1, limits);
        output[2] = cnnc_limited_f32(sums->s2, limits);
        output[3] = cnnc_limited_f32(sums->s3, limits);
        output[4] = cnnc_limited_f32(sums->s4, limits);
        output[5] = cnnc_limited_f32(sums->s5, limits);
        output[6] = cnnc_limited_f32(sums->s6, limits);
        output[7] = cnnc_limited_f32(sums->s7, limits);
    }
}

#endif

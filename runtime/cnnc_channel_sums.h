/* SPDX-License-Identifier: MIT-0 */
/* Products of one int8 vector with the weights of several output channels, and their way back to
 * int8. Convolutions and fully connected layers are made of this. */
#ifndef CNNC_CHANNEL_SUMS_H
#define CNNC_CHANNEL_SUMS_H

#include "cnnc_fixed_point.h"

/* Arrays of a run of output channels: weights [channel][depth], the others [channel]. The input
 * zero point is folded into the bias. */
struct cnnc_channels_s8 {
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
};

struct cnnc_output_format_s8 {
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* The same arrays from channel first on. */
CNNC_KERNEL struct cnnc_channels_s8 cnnc_channels_from_s8(const struct cnnc_channels_s8 *channels,
                                                          int32_t first, int32_t depth) {
    const struct cnnc_channels_s8 rest = {channels->weights + first * depth, channels->bias + first,
                                          channels->multipliers + first, channels->shifts + first};
    return rest;
}

CNNC_KERNEL int8_t cnnc_channel_output_s8(const struct cnnc_channels_s8 *channels, int32_t channel,
                                          int32_t sum, const struct cnnc_output_format_s8 *format) {
    return cnnc_requantize_s8(sum + channels->bias[channel], channels->multipliers[channel],
                              channels->shifts[channel], format->zero_point, format->minimum,
                              format->maximum);
}

/* output[c] = requantize(bias[c] + sum over k of weights[c][k] * values[k]), 0 <= c < count;
 * values has depth elements. */
CNNC_KERNEL void cnnc_channel_sums_s8(const struct cnnc_channels_s8 *channels,
                                      const struct cnnc_output_format_s8 *format, int32_t count,
                                      int32_t depth, const int8_t *CNNC_RESTRICT values,
                                      int8_t *CNNC_RESTRICT output) {
    const int8_t *weights_0 = channels->weights;
    const int32_t fours = count - count % 4;
    /* Four channels at a time share every load of a value. */
    for (int32_t channel = 0; channel < fours; channel += 4) {
        const int8_t *weights_1 = weights_0 + depth;
        const int8_t *weights_2 = weights_1 + depth;
        const int8_t *weights_3 = weights_2 + depth;
        int32_t sum_0 = 0;
        int32_t sum_1 = 0;
        int32_t sum_2 = 0;
        int32_t sum_3 = 0;
        for (int32_t k = 0; k < depth; ++k) {
            const int32_t value = values[k];
            sum_0 += weights_0[k] * value;
            sum_1 += weights_1[k] * value;
            sum_2 += weights_2[k] * value;
            sum_3 += weights_3[k] * value;
        }
        output[channel] = cnnc_channel_output_s8(channels, channel, sum_0, format);
        output[channel + 1] = cnnc_channel_output_s8(channels, channel + 1, sum_1, format);
        output[channel + 2] = cnnc_channel_output_s8(channels, channel + 2, sum_2, format);
        output[channel + 3] = cnnc_channel_output_s8(channels, channel + 3, sum_3, format);
        weights_0 = weights_3 + depth;
    }
    for (int32_t channel = fours; channel < count; ++channel) {
        int32_t sum = 0;
        for (int32_t k = 0; k < depth; ++k) {
            sum += weights_0[k] * values[k];
        }
        output[channel] = cnnc_channel_output_s8(channels, channel, sum, format);
        weights_0 += depth;
    }
}

#endif

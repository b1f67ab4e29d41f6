/* SPDX-License-Identifier: MIT-0 */
/* Products of one vector with the weights of all output channels, four channels at a time, for
 * cores without long multiplication. */
#ifndef CNNC_FULLY_CONNECTED_QUADS_ARMV6M_H
#define CNNC_FULLY_CONNECTED_QUADS_ARMV6M_H

#include "cnnc_fixed_point.h"

#define CNNC_FULLY_CONNECTED_QUAD 4

/* One vector. The assembly reads these fields by offset.
 *
 * values: a multiple of four; what the vector lacks is 0.
 * weights: w + 128 as unsigned bytes, because only those are loaded from a constant offset; four
 * taps of channel 0, of channels 1, 2 and 3, then the next four taps, and so on; then the next four
 * channels. What the last four channels lack is there, but not stored.
 * channel_data: for each channel the bias (input zero point folded in), the multiplier, and the
 * rounding offset whose lowest six bits are the shift.
 * correction: what the 128 adds to each sum, negated.
 * sign_unit: what negative sums lose before the last shift, for ties away from zero; wide only.
 * wide: sums of up to 2^23 instead of 2^20. */
struct cnnc_fully_connected_quads_armv6m_vector {
    const int32_t *values;
    const int32_t *values_end;
    const uint8_t *weights;
    const int32_t *channel_data;
    int8_t *output;
    int32_t channels;
    int32_t correction;
    int32_t minimum;
    int32_t maximum;
    int32_t sign_unit;
    int32_t wide;
};

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(fully_connected_quads_armv6m)(
    const struct cnnc_fully_connected_quads_armv6m_vector *vector);
#ifdef __cplusplus
}
#endif

#else

/* clamp((sum * multiplier / 2^20 or 2^24 + offset) >> shift); quotients are floors. */
CNNC_KERNEL int8_t
cnnc_fully_connected_quads_output(const struct cnnc_fully_connected_quads_armv6m_vector *vector,
                                  const int32_t *channel_data, int32_t sum) {
    const int32_t shift = channel_data[2] & 63;
    const int64_t product = (int64_t)sum * channel_data[1];
    int32_t scaled = (int32_t)(product >> (vector->wide ? 24 : 20));
    if (vector->wide && sum < 0) {
        scaled -= vector->sign_unit;
    }
    return cnnc_clamp_s8((scaled + channel_data[2] - shift) >> shift, vector->minimum,
                         vector->maximum);
}

CNNC_KERNEL void CNNC_SYMBOL(fully_connected_quads_armv6m)(
    const struct cnnc_fully_connected_quads_armv6m_vector *vector) {
    const int32_t quad = CNNC_FULLY_CONNECTED_QUAD;
    const int32_t depth = (int32_t)(vector->values_end - vector->values);
    for (int32_t channel = 0; channel < vector->channels; ++channel) {
        const int32_t lane = channel % quad;
        const uint8_t *weights = vector->weights + (channel - lane) * depth + lane * quad;
        uint32_t sum = (uint32_t)vector->channel_data[3 * channel] + (uint32_t)vector->correction;
        for (int32_t tap = 0; tap < depth; ++tap) {
            const uint32_t weight = weights[tap / quad * quad * quad + tap % quad];
            sum += weight * (uint32_t)vector->values[tap];
        }
        vector->output[channel] = cnnc_fully_connected_quads_output(
            vector, vector->channel_data + 3 * channel, (int32_t)sum);
    }
}

#endif

#endif

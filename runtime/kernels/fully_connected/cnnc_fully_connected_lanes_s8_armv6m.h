/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layer for Thumb-1: two channels share a multiplication. */
#ifndef CNNC_FULLY_CONNECTED_LANES_S8_ARMV6M_H
#define CNNC_FULLY_CONNECTED_LANES_S8_ARMV6M_H

#include "cnnc_fully_connected_lanes_armv6m.h"

struct cnnc_fully_connected_lanes_s8_armv6m_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t padded_channels; /* input_channels rounded up to a multiple of four */
    int32_t output_channels;
    int32_t minimum;
    int32_t maximum;
    int32_t sign_unit;
    int32_t wide;
};

/* Expands a vector, and writes the corrections behind its values. */
CNNC_KERNEL void
cnnc_fully_connected_lanes_expand(const struct cnnc_fully_connected_lanes_s8_armv6m_parameters *p,
                                  const int8_t *input, int32_t *values, uint32_t *corrections) {
    uint32_t correction = 0;
    for (int32_t i = 0; i < p->padded_channels; i += CNNC_FULLY_CONNECTED_LANES) {
        int32_t sum = 0;
        *corrections++ = correction;
        for (int32_t lane = i; lane < i + CNNC_FULLY_CONNECTED_LANES; ++lane) {
            const int32_t value = lane < p->input_channels ? input[lane] : 0;
            values[lane] = value;
            sum += value;
        }
        correction += (128u * 65537u) * (uint32_t)sum;
    }
    *corrections = correction;
}

/* output[r][o] = requantize(bias[o] + sum over i of weights[o][i] * input[r][i]). weights are in
 * the order of struct cnnc_fully_connected_lanes_armv6m_quad, for each four channels one after the
 * other; runs: a sixteenth of run_bytes for each of them. channel_data is as in
 * cnnc_fully_connected_quads_armv6m.h. scratch holds padded_channels words and one word more than a
 * quarter of that. */
CNNC_SHARED_KERNEL void cnnc_fully_connected_lanes_s8_armv6m(
    const struct cnnc_fully_connected_lanes_s8_armv6m_parameters *p,
    const int8_t *CNNC_RESTRICT input, const uint8_t *CNNC_RESTRICT weights,
    const uint8_t *CNNC_RESTRICT runs, const int32_t *CNNC_RESTRICT channel_data,
    int8_t *CNNC_RESTRICT output, int32_t *CNNC_RESTRICT scratch) {
    struct cnnc_fully_connected_lanes_armv6m_quad quad;
    struct cnnc_fully_connected_lanes_armv6m_scale scale;
    uint32_t *const corrections = (uint32_t *)scratch + p->padded_channels;
    int32_t sums[CNNC_FULLY_CONNECTED_LANES];
    quad.values = scratch;
    quad.values_end = scratch + p->padded_channels;
    quad.corrections = corrections;
    scale.output = output;
    scale.minimum = p->minimum;
    scale.maximum = p->maximum;
    scale.sign_unit = p->sign_unit;
    scale.wide = p->wide;
    for (int32_t row = 0; row < p->rows; ++row) {
        cnnc_fully_connected_lanes_expand(p, input, scratch, corrections);
        scale.channel_data = channel_data;
        quad.weights = weights;
        for (int32_t left = p->output_channels; left > 0; left -= CNNC_FULLY_CONNECTED_LANES) {
            quad.run_bytes = 16 * runs[(p->output_channels - left) / CNNC_FULLY_CONNECTED_LANES];
            CNNC_SYMBOL(fully_connected_lanes_armv6m)(&quad, sums);
            CNNC_SYMBOL(fully_connected_lanes_scale_armv6m)
            (&scale, sums,
             sums + (left < CNNC_FULLY_CONNECTED_LANES ? left : CNNC_FULLY_CONNECTED_LANES));
            quad.weights += CNNC_FULLY_CONNECTED_LANES * p->padded_channels;
        }
        input += p->input_channels;
    }
}

#endif

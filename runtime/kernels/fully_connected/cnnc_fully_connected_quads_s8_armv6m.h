/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layer for Thumb-1: vectors of 32-bit values times unsigned weights. */
#ifndef CNNC_FULLY_CONNECTED_QUADS_S8_ARMV6M_H
#define CNNC_FULLY_CONNECTED_QUADS_S8_ARMV6M_H

#include "cnnc_fully_connected_quads_armv6m.h"

struct cnnc_fully_connected_quads_s8_armv6m_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t padded_channels; /* input_channels rounded up to a multiple of four */
    int32_t output_channels;
    int32_t minimum;
    int32_t maximum;
    int32_t sign_unit;
    int32_t wide;
};

/* output[r][o] = requantize(bias[o] + sum over i of weights[o][i] * input[r][i]). weights and
 * channel_data are in the order of struct cnnc_fully_connected_quads_armv6m_vector; scratch holds
 * padded_channels words. */
CNNC_SHARED_KERNEL void cnnc_fully_connected_quads_s8_armv6m(
    const struct cnnc_fully_connected_quads_s8_armv6m_parameters *p,
    const int8_t *CNNC_RESTRICT input, const uint8_t *CNNC_RESTRICT weights,
    const int32_t *CNNC_RESTRICT channel_data, int8_t *CNNC_RESTRICT output,
    int32_t *CNNC_RESTRICT scratch) {
    struct cnnc_fully_connected_quads_armv6m_vector vector;
    vector.values = scratch;
    vector.values_end = scratch + p->padded_channels;
    vector.weights = weights;
    vector.channel_data = channel_data;
    vector.channels = p->output_channels;
    vector.minimum = p->minimum;
    vector.maximum = p->maximum;
    vector.sign_unit = p->sign_unit;
    vector.wide = p->wide;
    for (int32_t row = 0; row < p->rows; ++row) {
        int32_t sum = 0;
        for (int32_t i = 0; i < p->input_channels; ++i) {
            const int32_t value = input[i];
            scratch[i] = value;
            sum += value;
        }
        for (int32_t i = p->input_channels; i < p->padded_channels; ++i) {
            scratch[i] = 0;
        }
        vector.output = output;
        vector.correction = -128 * sum;
        CNNC_SYMBOL(fully_connected_quads_armv6m)(&vector);
        input += p->input_channels;
        output += p->output_channels;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Rows of real numbers times constant weights. */
#ifndef CNNC_FULLY_CONNECTED_F32_H
#define CNNC_FULLY_CONNECTED_F32_H

#include "cnnc_channel_sums_f32.h"

struct cnnc_fully_connected_f32_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    float minimum;
    float maximum;
};

/* output[o] for `width` output channels of one row. */
CNNC_KERNEL void cnnc_fully_connected_block_f32(const struct cnnc_fully_connected_f32_parameters *p,
                                                const float *CNNC_RESTRICT input,
                                                const float *CNNC_RESTRICT weights,
                                                const float *CNNC_RESTRICT bias, int32_t width,
                                                float *CNNC_RESTRICT output) {
    const struct cnnc_limits_f32 limits = {p->minimum, p->maximum};
    const struct cnnc_sums_f32 sums = cnnc_add_products_f32(cnnc_sums_from_f32(bias, width), input,
                                                            weights, p->input_channels, width);
    cnnc_store_sums_f32(&sums, &limits, width, output);
}

/* output[row][o] = clamp(bias[o] + sum over i in order of weights[o][i] * input[row][i]).
 * input [rows][input_channels], weights in blocks of channels (cnnc_channel_sums_f32.h), bias
 * [output_channels], output [rows][output_channels]. */
CNNC_KERNEL void cnnc_fully_connected_f32(const struct cnnc_fully_connected_f32_parameters *p,
                                          const float *CNNC_RESTRICT input,
                                          const float *CNNC_RESTRICT weights,
                                          const float *CNNC_RESTRICT bias,
                                          float *CNNC_RESTRICT output) {
    const int32_t blocked = p->output_channels - p->output_channels % CNNC_BLOCK_F32;
    for (int32_t row = 0; row < p->rows; ++row) {
        const float *values = input + row * p->input_channels;
        for (int32_t o = 0; o < blocked; o += CNNC_BLOCK_F32) {
            cnnc_fully_connected_block_f32(p, values, weights + o * p->input_channels, bias + o,
                                           CNNC_BLOCK_F32, output + o);
        }
        for (int32_t o = blocked; o < p->output_channels; ++o) {
            cnnc_fully_connected_block_f32(p, values, weights + o * p->input_channels, bias + o, 1,
                                           output + o);
        }
        output += p->output_channels;
    }
}

#endif

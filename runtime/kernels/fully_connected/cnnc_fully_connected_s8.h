/* SPDX-License-Identifier: MIT-0 */
/* Rows of int8 values times constant int8 weights. */
#ifndef CNNC_FULLY_CONNECTED_S8_H
#define CNNC_FULLY_CONNECTED_S8_H

#include "cnnc_channel_sums.h"

struct cnnc_fully_connected_s8_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* output[row][o] = requantize(bias[o] + sum over i of weights[o][i] * input[row][i]).
 * input [rows][input_channels], weights [output_channels][input_channels], bias (input zero point
 * folded in), multipliers and shifts [output_channels], output [rows][output_channels]. */
CNNC_KERNEL void
cnnc_fully_connected_s8(const struct cnnc_fully_connected_s8_parameters *p,
                        const int8_t *CNNC_RESTRICT input, const int8_t *CNNC_RESTRICT weights,
                        const int32_t *CNNC_RESTRICT bias, const int32_t *CNNC_RESTRICT multipliers,
                        const int8_t *CNNC_RESTRICT shifts, int8_t *CNNC_RESTRICT output) {
    const struct cnnc_channels_s8 channels = {weights, bias, multipliers, shifts};
    const struct cnnc_output_format_s8 format = {p->output_zero_point, p->minimum, p->maximum};
    for (int32_t row = 0; row < p->rows; ++row) {
        cnnc_channel_sums_s8(&channels, &format, p->output_channels, p->input_channels,
                             input + row * p->input_channels, output + row * p->output_channels);
    }
}

#endif

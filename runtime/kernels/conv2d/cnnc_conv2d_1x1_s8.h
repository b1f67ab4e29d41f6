/* SPDX-License-Identifier: MIT-0 */
/* Pointwise convolution: one tap, any stride, no padding. */
#ifndef CNNC_CONV2D_1X1_S8_H
#define CNNC_CONV2D_1X1_S8_H

#include "cnnc_channel_sums.h"

struct cnnc_conv2d_1x1_s8_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* output[b][r][c][o] = requantize(bias[o] + sum over i of weights[o][i] * pixel[i]), where pixel is
 * input[b][r * stride_rows][c * stride_cols].
 * weights [output_channels][input_channels], bias (input zero point folded in), multipliers and
 * shifts [output_channels]. */
CNNC_KERNEL void
cnnc_conv2d_1x1_s8(const struct cnnc_conv2d_1x1_s8_parameters *p, const int8_t *CNNC_RESTRICT input,
                   const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT bias,
                   const int32_t *CNNC_RESTRICT multipliers, const int8_t *CNNC_RESTRICT shifts,
                   int8_t *CNNC_RESTRICT output) {
    const struct cnnc_channels_s8 channels = {weights, bias, multipliers, shifts};
    const struct cnnc_output_format_s8 format = {p->output_zero_point, p->minimum, p->maximum};
    const int32_t row_step = p->stride_rows * p->input_cols * p->input_channels;
    const int32_t col_step = p->stride_cols * p->input_channels;
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        const int8_t *image = input + batch * p->input_rows * p->input_cols * p->input_channels;
        for (int32_t row = 0; row < p->output_rows; ++row) {
            const int8_t *pixel = image + row * row_step;
            for (int32_t col = 0; col < p->output_cols; ++col) {
                cnnc_channel_sums_s8(&channels, &format, p->output_channels, p->input_channels,
                                     pixel + col * col_step, output);
                output += p->output_channels;
            }
        }
    }
}

#endif

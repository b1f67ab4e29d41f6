/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution, several filters per input channel. */
#ifndef CNNC_DEPTHWISE_CONV2D_MULTIPLIER_S8_H
#define CNNC_DEPTHWISE_CONV2D_MULTIPLIER_S8_H

#include "cnnc_fixed_point.h"

struct cnnc_depthwise_conv2d_multiplier_s8_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t multiplier;
    int32_t kernel_rows;
    int32_t kernel_cols;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t dilation_rows;
    int32_t dilation_cols;
    int32_t pad_top;
    int32_t pad_left;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* Sum over taps of weights[tap] * pixel for one output channel; padding counts as the input zero
 * point. image points at the input channel, weights at the output channel. */
CNNC_KERNEL int32_t cnnc_depthwise_conv2d_multiplier_sum_s8(
    const struct cnnc_depthwise_conv2d_multiplier_s8_parameters *p, const int8_t *image,
    const int8_t *CNNC_RESTRICT weights, int32_t first_row, int32_t first_col) {
    const int32_t weight_step = p->input_channels * p->multiplier;
    int32_t sum = 0;
    for (int32_t tap_row = 0; tap_row < p->kernel_rows; ++tap_row) {
        const int32_t row = first_row + tap_row * p->dilation_rows;
        for (int32_t tap_col = 0; tap_col < p->kernel_cols; ++tap_col) {
            const int32_t col = first_col + tap_col * p->dilation_cols;
            int32_t value = p->input_zero_point;
            if (row >= 0 && row < p->input_rows && col >= 0 && col < p->input_cols) {
                value = image[(row * p->input_cols + col) * p->input_channels];
            }
            sum += *weights * value;
            weights += weight_step;
        }
    }
    return sum;
}

/* Computes the filters of one input channel at one output pixel; image, weights, bias, multipliers,
 * shifts and output point at that channel's first element. */
CNNC_KERNEL void cnnc_depthwise_conv2d_multiplier_channel_s8(
    const struct cnnc_depthwise_conv2d_multiplier_s8_parameters *p, const int8_t *image,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT bias,
    const int32_t *CNNC_RESTRICT multipliers, const int8_t *CNNC_RESTRICT shifts, int32_t first_row,
    int32_t first_col, int8_t *output) {
    for (int32_t filter = 0; filter < p->multiplier; ++filter) {
        const int32_t sum = cnnc_depthwise_conv2d_multiplier_sum_s8(p, image, weights + filter,
                                                                    first_row, first_col);
        output[filter] = cnnc_requantize_s8(sum + bias[filter], multipliers[filter], shifts[filter],
                                            p->output_zero_point, p->minimum, p->maximum);
    }
}

/* output[b][r][s][o] = requantize(bias[o] + sum over taps of weights[tap][o] *
 * pixel[o / multiplier]); padding counts as the input zero point.
 * weights [kernel_row][kernel_col][input_channels * multiplier], bias (input zero point folded in),
 * multipliers and shifts [input_channels * multiplier]. */
CNNC_KERNEL void cnnc_depthwise_conv2d_multiplier_s8(
    const struct cnnc_depthwise_conv2d_multiplier_s8_parameters *p,
    const int8_t *CNNC_RESTRICT input, const int8_t *CNNC_RESTRICT weights,
    const int32_t *CNNC_RESTRICT bias, const int32_t *CNNC_RESTRICT multipliers,
    const int8_t *CNNC_RESTRICT shifts, int8_t *CNNC_RESTRICT output) {
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        const int8_t *image = input + batch * p->input_rows * p->input_cols * p->input_channels;
        for (int32_t row = 0; row < p->output_rows; ++row) {
            const int32_t first_row = row * p->stride_rows - p->pad_top;
            for (int32_t col = 0; col < p->output_cols; ++col) {
                const int32_t first_col = col * p->stride_cols - p->pad_left;
                for (int32_t channel = 0; channel < p->input_channels; ++channel) {
                    const int32_t o = channel * p->multiplier;
                    cnnc_depthwise_conv2d_multiplier_channel_s8(
                        p, image + channel, weights + o, bias + o, multipliers + o, shifts + o,
                        first_row, first_col, output + o);
                }
                output += p->input_channels * p->multiplier;
            }
        }
    }
}

#endif

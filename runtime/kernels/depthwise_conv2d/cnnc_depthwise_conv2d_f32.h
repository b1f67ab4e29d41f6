/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution of real numbers, any number of filters per input channel. */
#ifndef CNNC_DEPTHWISE_CONV2D_F32_H
#define CNNC_DEPTHWISE_CONV2D_F32_H

#include "cnnc_channel_sums_f32.h"
#include "cnnc_pool_window.h"

struct cnnc_depthwise_conv2d_f32_parameters {
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
    float minimum;
    float maximum;
};

/* The taps of one output pixel that lie inside the image. */
struct cnnc_depthwise_window_f32 {
    struct cnnc_tap_range rows;
    struct cnnc_tap_range cols;
    int32_t first_row;
    int32_t first_col;
};

/* sums[c] += weights[c] * values[c] for `width` channels. */
CNNC_KERNEL struct cnnc_sums_f32 cnnc_add_channels_f32(struct cnnc_sums_f32 sums,
                                                       const float *CNNC_RESTRICT values,
                                                       const float *CNNC_RESTRICT weights,
                                                       int32_t width) {
    sums.s0 += weights[0] * values[0];
    if (width == CNNC_BLOCK_F32) {
        sums.s1 += weights[1] * values[1];
        sums.s2 += weights[2] * values[2];
        sums.s3 += weights[3] * values[3];
        sums.s4 += weights[4] * values[4];
        sums.s5 += weights[5] * values[5];
        sums.s6 += weights[6] * values[6];
        sums.s7 += weights[7] * values[7];
    }
    return sums;
}

/* Computes `width` output channels of one pixel; with a multiplier above 1 width is 1. input,
 * weights, bias and output point at the first channel. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_block_f32(const struct cnnc_depthwise_conv2d_f32_parameters *p,
                                const struct cnnc_depthwise_window_f32 *window,
                                const float *CNNC_RESTRICT input,
                                const float *CNNC_RESTRICT weights, const float *CNNC_RESTRICT bias,
                                int32_t width, float *CNNC_RESTRICT output) {
    const struct cnnc_limits_f32 limits = {p->minimum, p->maximum};
    const int32_t channels = p->input_channels * p->multiplier;
    struct cnnc_sums_f32 sums = cnnc_sums_from_f32(bias, width);
    for (int32_t tap_row = window->rows.first; tap_row < window->rows.end; ++tap_row) {
        const int32_t row = window->first_row + tap_row * p->dilation_rows;
        for (int32_t tap_col = window->cols.first; tap_col < window->cols.end; ++tap_col) {
            const int32_t col = window->first_col + tap_col * p->dilation_cols;
            const int32_t pixel = (row * p->input_cols + col) * p->input_channels;
            const int32_t tap = tap_row * p->kernel_cols + tap_col;
            sums = cnnc_add_channels_f32(sums, input + pixel, weights + tap * channels, width);
        }
    }
    cnnc_store_sums_f32(&sums, &limits, width, output);
}

/* Computes all channels of one output pixel. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_pixel_f32(const struct cnnc_depthwise_conv2d_f32_parameters *p,
                                const struct cnnc_depthwise_window_f32 *window,
                                const float *CNNC_RESTRICT input,
                                const float *CNNC_RESTRICT weights, const float *CNNC_RESTRICT bias,
                                float *CNNC_RESTRICT output) {
    const int32_t channels = p->input_channels * p->multiplier;
    const int32_t blocked = p->multiplier == 1 ? channels - channels % CNNC_BLOCK_F32 : 0;
    for (int32_t o = 0; o < blocked; o += CNNC_BLOCK_F32) {
        cnnc_depthwise_conv2d_block_f32(p, window, input + o, weights + o, bias + o, CNNC_BLOCK_F32,
                                        output + o);
    }
    for (int32_t o = blocked; o < channels; ++o) {
        cnnc_depthwise_conv2d_block_f32(p, window, input + o / p->multiplier, weights + o, bias + o,
                                        1, output + o);
    }
}

/* output[b][r][s][o] = clamp(bias[o] + sum over taps in the image, in order, of weights[tap][o] *
 * pixel[o / multiplier]). weights [kernel_row][kernel_col][input_channels * multiplier], bias
 * [input_channels * multiplier]. */
CNNC_KERNEL void cnnc_depthwise_conv2d_f32(const struct cnnc_depthwise_conv2d_f32_parameters *p,
                                           const float *CNNC_RESTRICT input,
                                           const float *CNNC_RESTRICT weights,
                                           const float *CNNC_RESTRICT bias,
                                           float *CNNC_RESTRICT output) {
    const struct cnnc_window_axis rows = {p->kernel_rows, p->dilation_rows, p->stride_rows,
                                          p->pad_top,     p->input_rows,    p->output_rows};
    const struct cnnc_window_axis cols = {p->kernel_cols, p->dilation_cols, p->stride_cols,
                                          p->pad_left,    p->input_cols,    p->output_cols};
    for (int32_t line = 0; line < p->batch * p->output_rows; ++line) {
        const int32_t row = line % p->output_rows;
        const float *image =
            input + line / p->output_rows * p->input_rows * p->input_cols * p->input_channels;
        for (int32_t col = 0; col < p->output_cols; ++col) {
            const struct cnnc_depthwise_window_f32 window = {
                cnnc_taps_inside(rows, row), cnnc_taps_inside(cols, col),
                cnnc_tap_position(rows, row, 0), cnnc_tap_position(cols, col, 0)};
            cnnc_depthwise_conv2d_pixel_f32(p, &window, image, weights, bias, output);
            output += p->input_channels * p->multiplier;
        }
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution, one filter per input channel. */
#ifndef CNNC_DEPTHWISE_CONV2D_S8_H
#define CNNC_DEPTHWISE_CONV2D_S8_H

#include "cnnc_channel_sums.h"

/* Channels that are summed at a time; their accumulators fit the registers of a vector unit. */
#define CNNC_DEPTHWISE_CONV2D_S8_BLOCK 16

struct cnnc_depthwise_conv2d_s8_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
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

/* sums[c] += weights[c] * pixel[c]. */
CNNC_KERNEL void cnnc_depthwise_conv2d_tap_s8(const int8_t *CNNC_RESTRICT pixel,
                                              const int8_t *CNNC_RESTRICT weights, int32_t count,
                                              int32_t *CNNC_RESTRICT sums) {
    for (int32_t c = 0; c < count; ++c) {
        sums[c] += weights[c] * pixel[c];
    }
}

/* sums[c] += weights[c] * value: a tap on padding. */
CNNC_KERNEL void cnnc_depthwise_conv2d_padding_s8(int32_t value,
                                                  const int8_t *CNNC_RESTRICT weights,
                                                  int32_t count, int32_t *CNNC_RESTRICT sums) {
    for (int32_t c = 0; c < count; ++c) {
        sums[c] += weights[c] * value;
    }
}

/* Adds all taps of count channels; first_row and first_col are the image position of tap (0, 0),
 * image and weights point at the first of these channels. */
CNNC_KERNEL void cnnc_depthwise_conv2d_taps_s8(const struct cnnc_depthwise_conv2d_s8_parameters *p,
                                               const int8_t *CNNC_RESTRICT image,
                                               const int8_t *CNNC_RESTRICT weights,
                                               int32_t first_row, int32_t first_col, int inside,
                                               int32_t count, int32_t *CNNC_RESTRICT sums) {
    for (int32_t tap_row = 0; tap_row < p->kernel_rows; ++tap_row) {
        const int32_t row = first_row + tap_row * p->dilation_rows;
        for (int32_t tap_col = 0; tap_col < p->kernel_cols; ++tap_col) {
            const int32_t col = first_col + tap_col * p->dilation_cols;
            if (inside || (row >= 0 && row < p->input_rows && col >= 0 && col < p->input_cols)) {
                const int32_t pixel = (row * p->input_cols + col) * p->input_channels;
                cnnc_depthwise_conv2d_tap_s8(image + pixel, weights, count, sums);
            } else if (p->input_zero_point != 0) {
                cnnc_depthwise_conv2d_padding_s8(p->input_zero_point, weights, count, sums);
            }
            weights += p->input_channels;
        }
    }
}

/* Computes count <= CNNC_DEPTHWISE_CONV2D_S8_BLOCK channels of one output pixel. */
CNNC_KERNEL void cnnc_depthwise_conv2d_block_s8(const struct cnnc_depthwise_conv2d_s8_parameters *p,
                                                const int8_t *CNNC_RESTRICT image,
                                                const struct cnnc_channels_s8 *block,
                                                int32_t first_row, int32_t first_col, int inside,
                                                int32_t count, int8_t *CNNC_RESTRICT output) {
    int32_t sums[CNNC_DEPTHWISE_CONV2D_S8_BLOCK];
    for (int32_t c = 0; c < count; ++c) {
        sums[c] = block->bias[c];
    }
    cnnc_depthwise_conv2d_taps_s8(p, image, block->weights, first_row, first_col, inside, count,
                                  sums);
    for (int32_t c = 0; c < count; ++c) {
        output[c] = cnnc_requantize_s8(sums[c], block->multipliers[c], block->shifts[c],
                                       p->output_zero_point, p->minimum, p->maximum);
    }
}

/* Computes all channels of one output pixel. */
CNNC_KERNEL void cnnc_depthwise_conv2d_pixel_s8(const struct cnnc_depthwise_conv2d_s8_parameters *p,
                                                const int8_t *CNNC_RESTRICT image,
                                                const struct cnnc_channels_s8 *layer,
                                                int32_t first_row, int32_t first_col, int inside,
                                                int8_t *CNNC_RESTRICT output) {
    const int32_t full = CNNC_DEPTHWISE_CONV2D_S8_BLOCK;
    int32_t c = 0;
    for (; c + full <= p->input_channels; c += full) {
        const struct cnnc_channels_s8 block = cnnc_channels_from_s8(layer, c, 1);
        cnnc_depthwise_conv2d_block_s8(p, image + c, &block, first_row, first_col, inside, full,
                                       output + c);
    }
    if (c < p->input_channels) {
        const struct cnnc_channels_s8 block = cnnc_channels_from_s8(layer, c, 1);
        cnnc_depthwise_conv2d_block_s8(p, image + c, &block, first_row, first_col, inside,
                                       p->input_channels - c, output + c);
    }
}

/* output[b][r][s][c] = requantize(bias[c] + sum over taps of weights[tap][c] * pixel[c]); padding
 * counts as the input zero point.
 * weights [kernel_row][kernel_col][input_channels], bias (input zero point folded in), multipliers
 * and shifts [input_channels]. */
CNNC_KERNEL void cnnc_depthwise_conv2d_s8(const struct cnnc_depthwise_conv2d_s8_parameters *p,
                                          const int8_t *CNNC_RESTRICT input,
                                          const int8_t *CNNC_RESTRICT weights,
                                          const int32_t *CNNC_RESTRICT bias,
                                          const int32_t *CNNC_RESTRICT multipliers,
                                          const int8_t *CNNC_RESTRICT shifts,
                                          int8_t *CNNC_RESTRICT output) {
    const struct cnnc_channels_s8 layer = {weights, bias, multipliers, shifts};
    const int32_t span_rows = (p->kernel_rows - 1) * p->dilation_rows + 1;
    const int32_t span_cols = (p->kernel_cols - 1) * p->dilation_cols + 1;
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        const int8_t *image = input + batch * p->input_rows * p->input_cols * p->input_channels;
        for (int32_t row = 0; row < p->output_rows; ++row) {
            const int32_t first_row = row * p->stride_rows - p->pad_top;
            const int inside_rows = first_row >= 0 && first_row + span_rows <= p->input_rows;
            for (int32_t col = 0; col < p->output_cols; ++col) {
                const int32_t first_col = col * p->stride_cols - p->pad_left;
                if (inside_rows && first_col >= 0 && first_col + span_cols <= p->input_cols) {
                    cnnc_depthwise_conv2d_pixel_s8(p, image, &layer, first_row, first_col, 1,
                                                   output);
                } else {
                    cnnc_depthwise_conv2d_pixel_s8(p, image, &layer, first_row, first_col, 0,
                                                   output);
                }
                output += p->input_channels;
            }
        }
    }
}

#endif

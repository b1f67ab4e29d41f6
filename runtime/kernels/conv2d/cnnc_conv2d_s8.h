/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution: any kernel, groups, strides, dilations and padding. */
#ifndef CNNC_CONV2D_S8_H
#define CNNC_CONV2D_S8_H

#include "cnnc_channel_sums.h"

struct cnnc_conv2d_s8_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t groups;
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

/* Copies depth channels of the pixels under one kernel row; all of them are in the image. */
CNNC_KERNEL void cnnc_conv2d_copy_row_s8(const struct cnnc_conv2d_s8_parameters *p,
                                         const int8_t *CNNC_RESTRICT pixel, int32_t depth,
                                         int8_t *CNNC_RESTRICT patch) {
    if (p->dilation_cols == 1 && p->groups == 1) {
        memcpy(patch, pixel, (size_t)(p->kernel_cols * depth));
        return;
    }
    for (int32_t tap = 0; tap < p->kernel_cols; ++tap) {
        memcpy(patch + tap * depth, pixel + tap * p->dilation_cols * p->input_channels,
               (size_t)depth);
    }
}

/* The same where a column may lie outside the image; first_col is the column of tap 0. */
CNNC_KERNEL void cnnc_conv2d_copy_border_row_s8(const struct cnnc_conv2d_s8_parameters *p,
                                                const int8_t *CNNC_RESTRICT row, int32_t first_col,
                                                int32_t depth, int8_t *CNNC_RESTRICT patch) {
    for (int32_t tap = 0; tap < p->kernel_cols; ++tap) {
        const int32_t col = first_col + tap * p->dilation_cols;
        if (col >= 0 && col < p->input_cols) {
            memcpy(patch + tap * depth, row + col * p->input_channels, (size_t)depth);
        } else {
            memset(patch + tap * depth, p->input_zero_point, (size_t)depth);
        }
    }
}

/* Gathers the pixels under the kernel as [kernel_row][kernel_col][depth]; padding becomes the
 * input zero point, so that the folded bias is exact there too. first_row and first_col are the
 * image position of tap (0, 0); image points at the group's first channel. */
CNNC_KERNEL void cnnc_conv2d_gather_s8(const struct cnnc_conv2d_s8_parameters *p,
                                       const int8_t *CNNC_RESTRICT image, int32_t first_row,
                                       int32_t first_col, int32_t depth,
                                       int8_t *CNNC_RESTRICT patch) {
    const int32_t row_bytes = p->input_cols * p->input_channels;
    const int32_t last_col = first_col + (p->kernel_cols - 1) * p->dilation_cols;
    const int inside = first_col >= 0 && last_col < p->input_cols;
    for (int32_t tap = 0; tap < p->kernel_rows; ++tap) {
        const int32_t row = first_row + tap * p->dilation_rows;
        if (row < 0 || row >= p->input_rows) {
            memset(patch, p->input_zero_point, (size_t)(p->kernel_cols * depth));
        } else if (inside) {
            cnnc_conv2d_copy_row_s8(p, image + row * row_bytes + first_col * p->input_channels,
                                    depth, patch);
        } else {
            cnnc_conv2d_copy_border_row_s8(p, image + row * row_bytes, first_col, depth, patch);
        }
        patch += p->kernel_cols * depth;
    }
}

/* Computes all channels of one output pixel, group by group. */
CNNC_KERNEL void cnnc_conv2d_pixel_s8(const struct cnnc_conv2d_s8_parameters *p,
                                      const int8_t *CNNC_RESTRICT image,
                                      const struct cnnc_channels_s8 *channels, int32_t first_row,
                                      int32_t first_col, int8_t *CNNC_RESTRICT output,
                                      int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_output_format_s8 format = {p->output_zero_point, p->minimum, p->maximum};
    const int32_t depth = p->input_channels / p->groups;
    const int32_t patch_depth = p->kernel_rows * p->kernel_cols * depth;
    const int32_t count = p->output_channels / p->groups;
    for (int32_t group = 0; group < p->groups; ++group) {
        const struct cnnc_channels_s8 block =
            cnnc_channels_from_s8(channels, group * count, patch_depth);
        cnnc_conv2d_gather_s8(p, image + group * depth, first_row, first_col, depth, patch);
        cnnc_channel_sums_s8(&block, &format, count, patch_depth, patch, output + group * count);
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * weights [output_channels][kernel_row][kernel_col][input_channels / groups], bias (input zero
 * point folded in), multipliers and shifts [output_channels]; patch is scratch of
 * kernel_rows * kernel_cols * input_channels / groups bytes. */
CNNC_KERNEL void
cnnc_conv2d_s8(const struct cnnc_conv2d_s8_parameters *p, const int8_t *CNNC_RESTRICT input,
               const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT bias,
               const int32_t *CNNC_RESTRICT multipliers, const int8_t *CNNC_RESTRICT shifts,
               int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_channels_s8 channels = {weights, bias, multipliers, shifts};
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        const int8_t *image = input + batch * p->input_rows * p->input_cols * p->input_channels;
        for (int32_t row = 0; row < p->output_rows; ++row) {
            const int32_t first_row = row * p->stride_rows - p->pad_top;
            for (int32_t col = 0; col < p->output_cols; ++col) {
                const int32_t first_col = col * p->stride_cols - p->pad_left;
                cnnc_conv2d_pixel_s8(p, image, &channels, first_row, first_col, output, patch);
                output += p->output_channels;
            }
        }
    }
}

#endif

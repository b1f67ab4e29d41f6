/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution on Armv7E-M, two products an instruction: any kernel, groups, strides, dilations
 * and padding. */
#ifndef CNNC_CONV2D_WORDS_S8_DSP_H
#define CNNC_CONV2D_WORDS_S8_DSP_H

#include "cnnc_channel_words_dsp.h"

struct cnnc_conv2d_words_s8_dsp_parameters {
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

/* Copies depth channels of the pixels under one kernel row; padding becomes the input zero point,
 * so that the folded bias is exact there too. pixels is the row of the image, or NULL outside it;
 * first_col is the column of tap 0. */
CNNC_KERNEL void cnnc_conv2d_words_gather_row(const struct cnnc_conv2d_words_s8_dsp_parameters *p,
                                              const int8_t *pixels, int32_t first_col,
                                              int32_t depth, int8_t *patch) {
    if (pixels != NULL && p->groups == 1 && p->dilation_cols == 1 && first_col >= 0 &&
        first_col + p->kernel_cols <= p->input_cols) {
        cnnc_copy_many_bytes(patch, pixels + first_col * depth, p->kernel_cols * depth);
        return;
    }
    for (int32_t tap = 0; tap < p->kernel_cols; ++tap) {
        const int32_t col = first_col + tap * p->dilation_cols;
        if (pixels != NULL && col >= 0 && col < p->input_cols) {
            cnnc_copy_bytes(patch, pixels + col * p->input_channels, depth);
        } else {
            memset(patch, p->input_zero_point, (size_t)depth);
        }
        patch += depth;
    }
}

/* Gathers the pixels under the kernel as [kernel_row][kernel_col][depth]. first_row and first_col
 * are the image position of tap (0, 0); image points at the group's first channel. */
CNNC_KERNEL void cnnc_conv2d_words_gather(const struct cnnc_conv2d_words_s8_dsp_parameters *p,
                                          const int8_t *image, int32_t first_row, int32_t first_col,
                                          int32_t depth, int8_t *patch) {
    for (int32_t tap = 0; tap < p->kernel_rows; ++tap) {
        const int32_t row = first_row + tap * p->dilation_rows;
        const int inside = row >= 0 && row < p->input_rows;
        const int8_t *pixels =
            inside ? image + row * p->input_cols * p->input_channels : (const int8_t *)NULL;
        cnnc_conv2d_words_gather_row(p, pixels, first_col, depth, patch);
        patch += p->kernel_cols * depth;
    }
}

/* Computes all channels of one output pixel, group by group. scratch: the patch as halfwords, and
 * behind them as bytes. */
CNNC_KERNEL void cnnc_conv2d_words_pixel(const struct cnnc_conv2d_words_s8_dsp_parameters *p,
                                         const struct cnnc_channels_s8 *channels,
                                         const int8_t *image, int32_t first_row, int32_t first_col,
                                         int8_t *output, int8_t *scratch) {
    const struct cnnc_output_format_s8 format = {p->output_zero_point, p->minimum, p->maximum};
    const int32_t depth = p->input_channels / p->groups;
    const int32_t taps = p->kernel_rows * p->kernel_cols * depth;
    const int32_t padded = cnnc_round_up_to_word(taps);
    const int32_t count = p->output_channels / p->groups;
    uint32_t *const halves = (uint32_t *)(void *)scratch;
    int8_t *const patch = scratch + 2 * padded;
    for (int32_t group = 0; group < p->groups; ++group) {
        const struct cnnc_channels_s8 block =
            cnnc_channels_from_s8(channels, group * count, padded);
        cnnc_conv2d_words_gather(p, image + group * depth, first_row, first_col, depth, patch);
        cnnc_expand_values(halves, patch, taps);
        cnnc_channel_words_s8(&block, &format, count, padded, halves, output + group * count);
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * weights [output_channels][taps * input_channels / groups rounded up to 4], zero behind the last;
 * bias (input zero point folded in), multipliers and shifts [output_channels]. scratch is aligned
 * to 4: three bytes for each weight of an output channel. */
CNNC_SHARED_KERNEL void cnnc_conv2d_words_s8_dsp(
    const struct cnnc_conv2d_words_s8_dsp_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT bias,
    const int32_t *CNNC_RESTRICT multipliers, const int8_t *CNNC_RESTRICT shifts,
    int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_channels_s8 channels = {weights, bias, multipliers, shifts};
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            const int32_t first_row = row * p->stride_rows - p->pad_top;
            for (int32_t col = 0; col < p->output_cols; ++col) {
                const int32_t first_col = col * p->stride_cols - p->pad_left;
                cnnc_conv2d_words_pixel(p, &channels, input, first_row, first_col, output, scratch);
                output += p->output_channels;
            }
        }
        input += p->input_rows * p->input_cols * p->input_channels;
    }
}

#endif

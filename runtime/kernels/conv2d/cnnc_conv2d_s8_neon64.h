/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution on AArch64 without dot products: any window, strides, dilations and padding. */
#ifndef CNNC_CONV2D_S8_NEON64_H
#define CNNC_CONV2D_S8_NEON64_H

#include "cnnc_patches_s8.h"
#include "cnnc_rows_neon64.h"

struct cnnc_conv2d_s8_neon64_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
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
    int32_t scaling;
    int32_t row_bytes;
    int32_t tile_pixels;
};

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * weights, runs and channels as in cnnc_rows_neon64.h, an output channel's weights in the order of
 * the window's pixels. scratch: tile_pixels patches of row_bytes, and 8 bytes for each if there are
 * fewer than 8 output channels. */
CNNC_KERNEL void
cnnc_conv2d_s8_neon64(const struct cnnc_conv2d_s8_neon64_parameters *p,
                      const int8_t *CNNC_RESTRICT input, const int8_t *CNNC_RESTRICT weights,
                      const int32_t *CNNC_RESTRICT runs, const int32_t *CNNC_RESTRICT channels,
                      int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_patches_s8 patches = {
        p->input_rows,    p->input_cols,  p->input_channels, p->output_rows,      p->output_cols,
        p->kernel_rows,   p->kernel_cols, p->stride_rows,    p->stride_cols,      p->dilation_rows,
        p->dilation_cols, p->pad_top,     p->pad_left,       p->input_zero_point, p->row_bytes};
    const int32_t width = p->output_channels < 8 ? 8 : p->output_channels;
    const struct cnnc_rows_layer_neon64 layer = {
        weights,      runs,      channels,   width,
        p->row_bytes, width,     p->scaling, p->output_zero_point,
        p->minimum,   p->maximum};
    const int32_t pixels = p->batch * p->output_rows * p->output_cols;
    int8_t *const results = scratch + p->tile_pixels * p->row_bytes;
    for (int32_t pixel = 0; pixel < pixels; pixel += p->tile_pixels) {
        const int32_t left = pixels - pixel;
        const int32_t count = left < p->tile_pixels ? left : p->tile_pixels;
        cnnc_gather_patches_s8(&patches, input, pixel, count, scratch);
        cnnc_rows_of_any_neon64(&layer, p->output_channels, scratch, count,
                                output + pixel * p->output_channels, results);
    }
}

#endif

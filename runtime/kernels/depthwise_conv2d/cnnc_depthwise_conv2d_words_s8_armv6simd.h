/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution by any taps on Armv6, one filter per input channel, at least four channels.
 */
#ifndef CNNC_DEPTHWISE_CONV2D_WORDS_S8_ARMV6SIMD_H
#define CNNC_DEPTHWISE_CONV2D_WORDS_S8_ARMV6SIMD_H

#include "cnnc_depthwise_taps_armv6simd.h"

struct cnnc_depthwise_conv2d_words_s8_armv6simd_parameters {
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
    int32_t minimum;
    int32_t maximum;
    int32_t exact; /* whether sums are scaled by the exact formula */
};

/* Points at the pixel under each tap, outside the image at one of zero points. */
CNNC_KERNEL void cnnc_depthwise_sources_armv6simd(
    const struct cnnc_depthwise_conv2d_words_s8_armv6simd_parameters *p, const int8_t *image,
    const int8_t *padding, int32_t first_row, int32_t first_col, const int8_t **sources) {
    for (int32_t tap_row = 0; tap_row < p->kernel_rows; ++tap_row) {
        const int32_t row = first_row + tap_row * p->dilation_rows;
        for (int32_t tap_col = 0; tap_col < p->kernel_cols; ++tap_col) {
            const int32_t col = first_col + tap_col * p->dilation_cols;
            const int inside = row >= 0 && row < p->input_rows && col >= 0 && col < p->input_cols;
            *sources++ = inside ? image + (row * p->input_cols + col) * p->input_channels : padding;
        }
    }
    *sources = padding;
}

/* blocks holds weights, biases and constants of four channels each as cnnc_armv6simd.h describes, a
 * word for two neighbouring taps; at most 64 taps. scratch: a pixel. */
CNNC_SHARED_KERNEL void cnnc_depthwise_conv2d_words_s8_armv6simd(
    const struct cnnc_depthwise_conv2d_words_s8_armv6simd_parameters *p,
    const int8_t *CNNC_RESTRICT input, const int32_t *CNNC_RESTRICT blocks,
    int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_depthwise_pixel_armv6simd pixel = {
        (p->kernel_rows * p->kernel_cols + 1) / 2 * 2, p->input_channels, p->exact};
    const int8_t *sources[CNNC_DEPTHWISE_TAPS_ARMV6SIMD + 1];
    const int32_t pixels = p->output_rows * p->output_cols;
    int8_t *results = output;
    memset(scratch, p->input_zero_point, (size_t)p->input_channels);
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            for (int32_t col = 0; col < p->output_cols; ++col) {
                cnnc_depthwise_sources_armv6simd(p, input, scratch,
                                                 row * p->stride_rows - p->pad_top,
                                                 col * p->stride_cols - p->pad_left, sources);
                CNNC_DEPTHWISE_PIXEL_ARMV6SIMD(sources, blocks, results, &pixel);
                results += p->input_channels;
            }
        }
        input += p->input_rows * p->input_cols * p->input_channels;
    }
    if (p->minimum > -128 || p->maximum < 127) {
        cnnc_clamp_results_armv6simd(output, p->batch * pixels * p->input_channels, p->minimum,
                                     p->maximum);
    }
}

#endif

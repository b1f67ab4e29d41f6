/* SPDX-License-Identifier: MIT-0 */
/* Sixteen channels of a 3x3 depthwise convolution, column by column (AArch64 with dot products).
 *
 * Bytes of three or four lines of a column lie side by side for each channel, so that one dot
 * product adds three taps. Weights are [line of output][column][channel][4]: three weights of the
 * column's lines, behind a zero for the second line of output, before one for the first. Channels
 * are biases, multipliers and shifts of 16 channels. */
#ifndef CNNC_DEPTHWISE_COLUMNS_NEON_DOT_H
#define CNNC_DEPTHWISE_COLUMNS_NEON_DOT_H

#include "cnnc_rows_neon_dot.h"

/* Steps in bytes. scaling is a mask as in struct cnnc_dot_rows, without CNNC_DOT_SUMS. */
struct cnnc_depthwise_columns_dot {
    const int8_t *input;
    const int8_t *weights;
    const int32_t *channels;
    int8_t *output;
    int64_t lines; /* of output, or pairs of them */
    int64_t steps;
    int64_t line_bytes; /* of the image */
    int64_t column_bytes;
    int64_t output_step;
    int64_t input_step; /* between lines of output, or pairs of them */
    int64_t scaling;
    int64_t stored_bytes; /* from step to step */
    int16_t zero_point;
    int8_t minimum;
    int8_t maximum;
};

#if CNNC_HAS_NEON_DOT
#ifdef __cplusplus
extern "C" {
#endif
/* Two lines at a time, one line at a time; and both where a step takes two columns. */
void CNNC_SYMBOL(depthwise_dot_pairs)(const struct cnnc_depthwise_columns_dot *columns);
void CNNC_SYMBOL(depthwise_dot_lines)(const struct cnnc_depthwise_columns_dot *columns);
void CNNC_SYMBOL(depthwise_dot_stride_2)(const struct cnnc_depthwise_columns_dot *columns);
void CNNC_SYMBOL(depthwise_dot_pairs_stride_2)(const struct cnnc_depthwise_columns_dot *columns);
#ifdef __cplusplus
}
#endif
#else

/* One output; pixel is its first tap, weights those of its channel. */
CNNC_KERNEL int8_t cnnc_depthwise_pixel_dot(const struct cnnc_depthwise_columns_dot *c,
                                            const int8_t *pixel, const int8_t *weights,
                                            const int32_t *channel) {
    int32_t sum = channel[0];
    for (int32_t tap = 0; tap < 9; ++tap) {
        sum += weights[64 * (tap % 3) + tap / 3] *
               pixel[tap / 3 * c->line_bytes + tap % 3 * c->column_bytes];
    }
    return cnnc_requantize_s8(sum, channel[16], channel[32], c->zero_point, c->minimum, c->maximum);
}

CNNC_SHARED_KERNEL void cnnc_depthwise_plain_dot(const struct cnnc_depthwise_columns_dot *c,
                                                 int64_t stride) {
    for (int64_t i = 0; i < c->lines * c->steps * 16; ++i) {
        const int64_t channel = i % 16;
        const int64_t col = i / 16 % c->steps;
        const int64_t line = i / 16 / c->steps;
        c->output[line * c->output_step + col * c->stored_bytes + channel] =
            cnnc_depthwise_pixel_dot(
                c, c->input + line * c->input_step + col * stride * c->column_bytes + channel,
                c->weights + 4 * channel, c->channels + channel);
    }
}

CNNC_KERNEL void cnnc_depthwise_plain_pairs_dot(const struct cnnc_depthwise_columns_dot *c,
                                                int64_t stride) {
    struct cnnc_depthwise_columns_dot lines = *c;
    lines.lines = 2 * c->lines;
    lines.input_step = c->line_bytes;
    cnnc_depthwise_plain_dot(&lines, stride);
}

CNNC_KERNEL void CNNC_SYMBOL(depthwise_dot_pairs)(const struct cnnc_depthwise_columns_dot *c) {
    cnnc_depthwise_plain_pairs_dot(c, 1);
}

CNNC_KERNEL void
CNNC_SYMBOL(depthwise_dot_pairs_stride_2)(const struct cnnc_depthwise_columns_dot *c) {
    cnnc_depthwise_plain_pairs_dot(c, 2);
}

CNNC_KERNEL void CNNC_SYMBOL(depthwise_dot_lines)(const struct cnnc_depthwise_columns_dot *c) {
    cnnc_depthwise_plain_dot(c, 1);
}

CNNC_KERNEL void CNNC_SYMBOL(depthwise_dot_stride_2)(const struct cnnc_depthwise_columns_dot *c) {
    cnnc_depthwise_plain_dot(c, 2);
}
#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution with dot products (AArch64): 3x3 taps next to each other, any row stride,
 * column stride 1 or 2, at least 16 channels; or column stride 1, 8 channels and an even number of
 * columns, of which two neighbours are computed together. */
#ifndef CNNC_DEPTHWISE_CONV2D_S8_NEON_DOT_H
#define CNNC_DEPTHWISE_CONV2D_S8_NEON_DOT_H

#include "cnnc_depthwise_columns_neon_dot.h"
#include "cnnc_padded_lines_neon_dot.h"

struct cnnc_depthwise_conv2d_s8_neon_dot_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t pad_top;
    int32_t pad_left;
    int32_t input_zero_point;
    int32_t scaling;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t padded_cols;   /* of image lines that are copied with their padding, or 0 */
    int32_t lines_at_once; /* of output, for which image lines are copied */
};

/* Sixteen channels of lines of output, or eight of neighbours. */
CNNC_KERNEL void
cnnc_depthwise_block_dot(const struct cnnc_depthwise_conv2d_s8_neon_dot_parameters *p,
                         struct cnnc_depthwise_columns_dot columns, int32_t lines) {
    const int takes_two = p->stride_cols == 2 || p->channels == 8;
    columns.lines = lines;
    columns.input_step = p->stride_rows * columns.line_bytes;
    if (p->stride_rows == 1 && lines > 1) {
        columns.lines = lines / 2;
        columns.input_step = 2 * columns.line_bytes;
        if (takes_two) {
            CNNC_SYMBOL(depthwise_dot_pairs_stride_2)(&columns);
        } else {
            CNNC_SYMBOL(depthwise_dot_pairs)(&columns);
        }
        columns.input += columns.lines * columns.input_step;
        columns.output += columns.lines * 2 * columns.output_step;
        columns.lines = lines % 2;
    }
    if (columns.lines > 0 && takes_two) {
        CNNC_SYMBOL(depthwise_dot_stride_2)(&columns);
    } else if (columns.lines > 0) {
        CNNC_SYMBOL(depthwise_dot_lines)(&columns);
    }
}

/* All channels of lines of output; the last block begins so early that it ends with the last
 * channel. */
CNNC_KERNEL void
cnnc_depthwise_blocks_dot(const struct cnnc_depthwise_conv2d_s8_neon_dot_parameters *p,
                          struct cnnc_depthwise_columns_dot columns, int32_t lines) {
    const int8_t *const input = columns.input;
    int8_t *const output = columns.output;
    for (int32_t block = 0; 16 * block < p->channels; ++block) {
        const int32_t last = p->channels > 16 ? p->channels - 16 : 0;
        const int32_t channel = 16 * block < last ? 16 * block : last;
        columns.input = input + channel;
        columns.output = output + channel;
        cnnc_depthwise_block_dot(p, columns, lines);
        columns.weights += 6 * 64;
        columns.channels += 3 * 16;
    }
}

/* As cnnc_depthwise_conv2d_s8 for these windows. weights and channels of each block as in
 * cnnc_depthwise_columns_neon_dot.h. scratch: the padded lines and 64 bytes more. */
CNNC_SHARED_KERNEL void cnnc_depthwise_conv2d_s8_neon_dot(
    const struct cnnc_depthwise_conv2d_s8_neon_dot_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT channels,
    int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_padded_lines_dot padded = {p->input_rows, p->input_cols,
                                                 p->channels,   p->padded_cols,
                                                 p->pad_left,   p->input_zero_point};
    const int32_t line_bytes = (p->padded_cols > 0 ? p->padded_cols : p->input_cols) * p->channels;
    const int32_t neighbours = p->channels == 8 ? 2 : 1;
    struct cnnc_depthwise_columns_dot columns = {input,
                                                 weights,
                                                 channels,
                                                 output,
                                                 0,
                                                 p->output_cols / neighbours,
                                                 line_bytes,
                                                 p->channels,
                                                 p->output_cols * p->channels,
                                                 0,
                                                 p->scaling,
                                                 p->channels * neighbours,
                                                 (int16_t)p->output_zero_point,
                                                 (int8_t)p->minimum,
                                                 (int8_t)p->maximum};
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t first = 0; first < p->output_rows; first += p->lines_at_once) {
            const int32_t left = p->output_rows - first;
            const int32_t lines = left < p->lines_at_once ? left : p->lines_at_once;
            const int32_t first_row = first * p->stride_rows - p->pad_top;
            columns.input = p->padded_cols > 0 ? scratch : input + first_row * line_bytes;
            if (p->padded_cols > 0) {
                cnnc_copy_padded_dot(&padded, input, first_row, (lines - 1) * p->stride_rows + 3,
                                     scratch);
            }
            cnnc_depthwise_blocks_dot(p, columns, lines);
            columns.output += lines * columns.output_step;
        }
        input += p->input_rows * p->input_cols * p->channels;
    }
}

#endif

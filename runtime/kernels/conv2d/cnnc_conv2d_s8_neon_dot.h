/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution with dot products (AArch64): any kernel, strides, dilation and padding; one
 * group. */
#ifndef CNNC_CONV2D_S8_NEON_DOT_H
#define CNNC_CONV2D_S8_NEON_DOT_H

#include "cnnc_layer_neon_dot.h"
#include "cnnc_padded_lines_neon_dot.h"

struct cnnc_conv2d_s8_neon_dot_parameters {
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
    int32_t wide_blocks;
    int32_t has_late_wide_block;
    int32_t eight_blocks;
    int32_t four_blocks;
    int32_t scaling;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t padded_cols;    /* of image lines that are copied with their padding, or 0 */
    int32_t lines_at_once;  /* of output, for which image lines are copied or patches gathered */
    int32_t patch_bytes;    /* of pixels that are gathered as rows, or 0 */
    int32_t patches_offset; /* of these from scratch */
};

CNNC_KERNEL struct cnnc_dot_layer
cnnc_conv2d_layer_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p) {
    const struct cnnc_dot_layer layer = {
        p->output_channels,   p->wide_blocks, p->has_late_wide_block,
        p->eight_blocks,      p->four_blocks, p->scaling,
        p->output_zero_point, p->minimum,     p->maximum};
    return layer;
}

/* Copies bytes one vector or word after another; the last one may pass the end. */
CNNC_KERNEL void cnnc_copy_piece_dot(int8_t *CNNC_RESTRICT output,
                                     const int8_t *CNNC_RESTRICT input, int32_t bytes) {
#if CNNC_HAS_NEON64
    if (bytes > 8) {
        CNNC_UNROLL(8)
        for (int32_t i = 0; i < bytes; i += 16) {
            vst1q_s8(output + i, vld1q_s8(input + i));
        }
    } else if (bytes > 4) {
        vst1_s8(output, vld1_s8(input));
    } else {
        memcpy(output, input, 4);
    }
#else
    memcpy(output, input, (size_t)bytes);
#endif
}

/* Gathers the pixels of output lines, line_bytes of the image apart, as [kernel_row][kernel_col]
 * [channel]. The end of a piece is written before the begin of the next one. */
CNNC_KERNEL void cnnc_conv2d_gather_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p,
                                        const struct cnnc_dot_lines *lines, int32_t line_bytes,
                                        int8_t *CNNC_RESTRICT patches) {
    const int32_t is_dense = p->dilation_cols == 1;
    const int32_t piece_bytes = (is_dense ? p->kernel_cols : 1) * p->input_channels;
    const int32_t pieces = is_dense ? 1 : p->kernel_cols;
    for (int64_t line = 0; line < lines->count; ++line) {
        const int8_t *pixel = lines->input + line * lines->step;
        for (int32_t col = 0; col < p->output_cols; ++col) {
            CNNC_UNROLL(16)
            for (int32_t tap = 0; tap < p->kernel_rows * pieces; ++tap) {
                cnnc_copy_piece_dot(patches + tap * piece_bytes,
                                    pixel + tap / pieces * p->dilation_rows * line_bytes +
                                        tap % pieces * p->dilation_cols * p->input_channels,
                                    piece_bytes);
            }
            patches += p->patch_bytes;
            pixel += p->stride_cols * p->input_channels;
        }
    }
}

/* Lines of an image, in its memory or copied with padding. rows has the weights and channels. */
CNNC_KERNEL void cnnc_conv2d_lines_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p,
                                       struct cnnc_dot_rows *rows,
                                       const int8_t *CNNC_RESTRICT image,
                                       int8_t *CNNC_RESTRICT output,
                                       int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_dot_layer layer = cnnc_conv2d_layer_dot(p);
    const int32_t cols = p->padded_cols > 0 ? p->padded_cols : p->input_cols;
    const int32_t line_bytes = cols * p->input_channels;
    const int32_t span = (p->kernel_rows - 1) * p->dilation_rows + 1;
    const struct cnnc_padded_lines_dot padded = {p->input_rows,     p->input_cols,
                                                 p->input_channels, p->padded_cols,
                                                 p->pad_left,       p->input_zero_point};
    for (int32_t first = 0; first < p->output_rows; first += p->lines_at_once) {
        const int32_t left = p->output_rows - first;
        const int32_t first_row = first * p->stride_rows - p->pad_top;
        struct cnnc_dot_lines lines;
        lines.input = p->padded_cols > 0 ? scratch : image + first_row * line_bytes;
        lines.output = output + first * p->output_cols * p->output_channels;
        lines.count = left < p->lines_at_once ? left : p->lines_at_once;
        lines.step = p->stride_rows * line_bytes;
        if (p->padded_cols > 0) {
            cnnc_copy_padded_dot(&padded, image, first_row,
                                 ((int32_t)lines.count - 1) * p->stride_rows + span, scratch);
        }
        rows->rows = p->output_cols;
        if (p->patch_bytes > 0) {
            cnnc_conv2d_gather_dot(p, &lines, line_bytes, scratch + p->patches_offset);
            rows->rows *= lines.count;
            lines.input = scratch + p->patches_offset;
            lines.count = 1;
        }
        cnnc_dot_run(&layer, &lines, *rows);
    }
}

/* As cnnc_conv2d_s8 for one group; weights and channels as in cnnc_rows_neon_dot.h. A segment is a
 * line of the kernel, or a whole patch where patch_bytes is not 0; columns that are not next to
 * each other take patches. scratch: the padded lines and the patches, with 64 bytes behind each. */
CNNC_KERNEL void cnnc_conv2d_s8_neon_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p,
                                         const int8_t *CNNC_RESTRICT input,
                                         const int8_t *CNNC_RESTRICT weights,
                                         const int32_t *CNNC_RESTRICT channels,
                                         int8_t *CNNC_RESTRICT output,
                                         int8_t *CNNC_RESTRICT scratch) {
    const int32_t cols = p->padded_cols > 0 ? p->padded_cols : p->input_cols;
    struct cnnc_dot_rows rows = {input, weights, channels, output, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    if (p->patch_bytes > 0) {
        rows.row_step = p->patch_bytes;
        rows.quads = p->patch_bytes / 4;
    } else {
        rows.row_step = p->stride_cols * p->input_channels;
        rows.segments = p->kernel_rows;
        rows.segment_step = p->dilation_rows * cols * p->input_channels;
        rows.quads = (p->kernel_cols * p->input_channels + 3) / 4;
    }
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        cnnc_conv2d_lines_dot(p, &rows, input, output, scratch);
        input += p->input_rows * p->input_cols * p->input_channels;
        output += p->output_rows * p->output_cols * p->output_channels;
    }
}

#endif

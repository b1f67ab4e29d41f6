/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution with dot products (AArch64): any kernel, strides, dilation and padding; one
 * group. */
#ifndef CNNC_CONV2D_S8_NEON_DOT_H
#define CNNC_CONV2D_S8_NEON_DOT_H

#include "cnnc_layer_neon_dot.h"
#include "cnnc_patches_s8.h"

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
    int32_t patch_bytes;   /* of patches that are gathered one by one, or 0 */
    int32_t patches;       /* that are gathered together */
    int32_t padded_cols;   /* of image lines that are copied with their padding, or 0 */
    int32_t lines_at_once; /* of output, while their image lines are copied */
};

CNNC_KERNEL struct cnnc_dot_layer
cnnc_conv2d_layer_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p) {
    const struct cnnc_dot_layer layer = {
        p->output_channels,   p->wide_blocks, p->has_late_wide_block,
        p->eight_blocks,      p->four_blocks, p->scaling,
        p->output_zero_point, p->minimum,     p->maximum};
    return layer;
}

/* Copies bytes up to a multiple of 16. */
CNNC_KERNEL int8_t *cnnc_copy_vectors_dot(int8_t *output, const int8_t *input, int32_t bytes) {
#if CNNC_HAS_NEON64
    int32_t i = 0;
    for (; i + 64 <= bytes; i += 64) {
        vst1q_s8_x4(output + i, vld1q_s8_x4(input + i));
    }
    for (; i < bytes; i += 16) {
        vst1q_s8(output + i, vld1q_s8(input + i));
    }
#else
    memcpy(output, input, (size_t)bytes);
#endif
    return output + bytes;
}

/* Copies image lines from first_row on with the padding around them. */
CNNC_KERNEL void cnnc_conv2d_pad_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p,
                                     const int8_t *CNNC_RESTRICT image, int32_t first_row,
                                     int32_t lines, int8_t *CNNC_RESTRICT output) {
    const int32_t line_bytes = p->padded_cols * p->input_channels;
    const int32_t inner = p->padded_cols - p->pad_left;
    const int32_t cols = inner < p->input_cols ? inner : p->input_cols;
    const int32_t left_bytes = p->pad_left * p->input_channels;
    const int32_t bytes = (cols > 0 ? cols : 0) * p->input_channels;
    for (int32_t row = first_row; row < first_row + lines; ++row) {
        if (row < 0 || row >= p->input_rows || bytes == 0) {
            memset(output, p->input_zero_point, (size_t)line_bytes);
        } else {
            memset(output, p->input_zero_point, (size_t)left_bytes);
            cnnc_copy_vectors_dot(output + left_bytes,
                                  image + row * p->input_cols * p->input_channels, bytes);
            memset(output + left_bytes + bytes, p->input_zero_point,
                   (size_t)(line_bytes - left_bytes - bytes));
        }
        output += line_bytes;
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
    const int32_t span = (p->kernel_rows - 1) * p->dilation_rows + 1;
    rows->rows = p->output_cols;
    rows->row_step = p->stride_cols * p->input_channels;
    rows->segments = p->kernel_rows;
    rows->segment_step = p->dilation_rows * cols * p->input_channels;
    rows->quads = (p->kernel_cols * p->input_channels + 3) / 4;
    for (int32_t first = 0; first < p->output_rows; first += p->lines_at_once) {
        const int32_t left = p->output_rows - first;
        struct cnnc_dot_lines lines;
        lines.input = image;
        lines.output = output + first * p->output_cols * p->output_channels;
        lines.count = left < p->lines_at_once ? left : p->lines_at_once;
        lines.step = p->stride_rows * cols * p->input_channels;
        if (p->padded_cols > 0) {
            cnnc_conv2d_pad_dot(p, image, first * p->stride_rows - p->pad_top,
                                ((int32_t)lines.count - 1) * p->stride_rows + span, scratch);
            lines.input = scratch;
        }
        cnnc_dot_run(&layer, &lines, *rows);
    }
}

/* Pixels of all images that are gathered as rows. */
CNNC_KERNEL void cnnc_conv2d_patches_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p,
                                         struct cnnc_dot_rows *rows,
                                         const int8_t *CNNC_RESTRICT input,
                                         int8_t *CNNC_RESTRICT output,
                                         int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_dot_layer layer = cnnc_conv2d_layer_dot(p);
    const struct cnnc_patches_s8 patches = {
        p->input_rows,    p->input_cols,  p->input_channels, p->output_rows,      p->output_cols,
        p->kernel_rows,   p->kernel_cols, p->stride_rows,    p->stride_cols,      p->dilation_rows,
        p->dilation_cols, p->pad_top,     p->pad_left,       p->input_zero_point, p->patch_bytes};
    const int32_t pixels = p->batch * p->output_rows * p->output_cols;
    rows->row_step = p->patch_bytes;
    rows->segments = 1;
    rows->segment_step = 0;
    rows->quads = p->patch_bytes / 4;
    for (int32_t first = 0; first < pixels; first += p->patches) {
        const int32_t left = pixels - first;
        const int32_t count = left < p->patches ? left : p->patches;
        const struct cnnc_dot_lines lines = {scratch, output + first * p->output_channels, 1, 0};
        cnnc_gather_patches_s8(&patches, input, first, count, scratch);
        rows->rows = count;
        cnnc_dot_run(&layer, &lines, *rows);
    }
}

/* As cnnc_conv2d_s8 for one group; weights and channels as in cnnc_rows_neon_dot.h. A segment is a line
 * of the kernel, or a whole patch where patch_bytes is not 0; columns that are not next to each
 * other take patches. scratch: the patches or the padded lines, and 64 bytes more. */
CNNC_KERNEL void cnnc_conv2d_s8_neon_dot(const struct cnnc_conv2d_s8_neon_dot_parameters *p,
                                         const int8_t *CNNC_RESTRICT input,
                                         const int8_t *CNNC_RESTRICT weights,
                                         const int32_t *CNNC_RESTRICT channels,
                                         int8_t *CNNC_RESTRICT output,
                                         int8_t *CNNC_RESTRICT scratch) {
    struct cnnc_dot_rows rows = {input, weights, channels, output, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    if (p->patch_bytes > 0) {
        cnnc_conv2d_patches_dot(p, &rows, input, output, scratch);
        return;
    }
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        cnnc_conv2d_lines_dot(p, &rows, input, output, scratch);
        input += p->input_rows * p->input_cols * p->input_channels;
        output += p->output_rows * p->output_cols * p->output_channels;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Pixels under the window of a convolution, as rows of a matrix: what kernels for any processor
 * multiply by weights. */
#ifndef CNNC_PATCHES_S8_H
#define CNNC_PATCHES_S8_H

#include "cnnc_common.h"

/* A convolution without groups; row_bytes is the distance between two patches. */
struct cnnc_patches_s8 {
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
    int32_t row_bytes;
};

/* The pixels under one kernel row: line is the image's row, first_col the column of tap 0. */
CNNC_KERNEL void cnnc_gather_line_s8(const struct cnnc_patches_s8 *p,
                                     const int8_t *CNNC_RESTRICT line, int32_t first_col,
                                     int8_t *CNNC_RESTRICT patch) {
    const size_t depth = (size_t)p->input_channels;
    const int32_t last_col = first_col + (p->kernel_cols - 1) * p->dilation_cols;
    if (p->dilation_cols == 1 && first_col >= 0 && last_col < p->input_cols) {
        memcpy(patch, line + first_col * p->input_channels, (size_t)p->kernel_cols * depth);
        return;
    }
    for (int32_t tap = 0; tap < p->kernel_cols; ++tap) {
        const int32_t col = first_col + tap * p->dilation_cols;
        int8_t *const pixel = patch + tap * p->input_channels;
        if (col >= 0 && col < p->input_cols) {
            memcpy(pixel, line + col * p->input_channels, depth);
        } else {
            memset(pixel, p->input_zero_point, depth);
        }
    }
}

/* One patch, [kernel_row][kernel_col][channel]; padding becomes the input zero point, so that a
 * folded bias is exact there too. first_row and first_col are the image position of tap (0, 0). */
CNNC_KERNEL void cnnc_gather_patch_s8(const struct cnnc_patches_s8 *p,
                                      const int8_t *CNNC_RESTRICT image, int32_t first_row,
                                      int32_t first_col, int8_t *CNNC_RESTRICT patch) {
    const int32_t line_bytes = p->input_cols * p->input_channels;
    const int32_t patch_line_bytes = p->kernel_cols * p->input_channels;
    for (int32_t tap = 0; tap < p->kernel_rows; ++tap) {
        const int32_t row = first_row + tap * p->dilation_rows;
        int8_t *const patch_line = patch + tap * patch_line_bytes;
        if (row >= 0 && row < p->input_rows) {
            cnnc_gather_line_s8(p, image + row * line_bytes, first_col, patch_line);
        } else {
            memset(patch_line, p->input_zero_point, (size_t)patch_line_bytes);
        }
    }
}

/* The patches of count output pixels from number first of all images' on, row after row. What lies
 * between a patch's end and the next row is left as it is. */
CNNC_KERNEL void cnnc_gather_patches_s8(const struct cnnc_patches_s8 *p,
                                        const int8_t *CNNC_RESTRICT input, int32_t first,
                                        int32_t count, int8_t *CNNC_RESTRICT patches) {
    const int32_t image_bytes = p->input_rows * p->input_cols * p->input_channels;
    const int32_t line = first / p->output_cols;
    int32_t col = first - line * p->output_cols;
    int32_t row = line % p->output_rows;
    const int8_t *image = input + line / p->output_rows * image_bytes;
    for (int32_t pixel = 0; pixel < count; ++pixel) {
        cnnc_gather_patch_s8(p, image, row * p->stride_rows - p->pad_top,
                             col * p->stride_cols - p->pad_left, patches);
        patches += p->row_bytes;
        if (++col == p->output_cols) {
            col = 0;
            if (++row == p->output_rows) {
                row = 0;
                image += image_bytes;
            }
        }
    }
}

#endif

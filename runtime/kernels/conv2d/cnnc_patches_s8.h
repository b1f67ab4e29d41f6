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

/* The first tap that is not before the image; first is where tap 0 is. */
CNNC_KERNEL int32_t cnnc_first_tap_inside(int32_t first, int32_t dilation) {
    return first < 0 ? (dilation - 1 - first) / dilation : 0;
}

/* Behind the last of so many taps that is not beyond the image. */
CNNC_KERNEL int32_t cnnc_end_of_taps_inside(int32_t first, int32_t dilation, int32_t taps,
                                            int32_t size) {
    const int32_t end = first < size ? (size - first + dilation - 1) / dilation : 0;
    return end < taps ? end : taps;
}

/* A patch that is all in the image; its tap (0, 0) is at pixels. */
CNNC_KERNEL void cnnc_gather_inner_patch_s8(const struct cnnc_patches_s8 *p, const int8_t *pixels,
                                            int8_t *patch) {
    const int32_t depth = p->input_channels;
    const int32_t line = p->dilation_rows * p->input_cols * depth;
    if (p->dilation_cols == 1 || p->kernel_cols == 1) {
        const size_t line_bytes = (size_t)(p->kernel_cols * depth);
        CNNC_UNROLL(16)
        for (int32_t row = 0; row < p->kernel_rows; ++row) {
            memcpy(patch + row * p->kernel_cols * depth, pixels + row * line, line_bytes);
        }
        return;
    }
    for (int32_t row = 0; row < p->kernel_rows; ++row) {
        for (int32_t col = 0; col < p->kernel_cols; ++col) {
            memcpy(patch, pixels + row * line + col * p->dilation_cols * depth, (size_t)depth);
            patch += depth;
        }
    }
}

/* A patch at the border; padding becomes the input zero point, so that a folded bias is exact there
 * too. first_row and first_col are the image position of tap (0, 0). */
CNNC_KERNEL void cnnc_gather_outer_patch_s8(const struct cnnc_patches_s8 *p, const int8_t *image,
                                            int32_t first_row, int32_t first_col, int8_t *patch) {
    const int32_t depth = p->input_channels;
    const int32_t line = p->dilation_rows * p->input_cols * depth;
    const int32_t patch_line = p->kernel_cols * depth;
    const int32_t row = cnnc_first_tap_inside(first_row, p->dilation_rows);
    const int32_t end_row =
        cnnc_end_of_taps_inside(first_row, p->dilation_rows, p->kernel_rows, p->input_rows);
    const int32_t end_col =
        cnnc_end_of_taps_inside(first_col, p->dilation_cols, p->kernel_cols, p->input_cols);
    memset(patch, p->input_zero_point, (size_t)(p->kernel_rows * patch_line));
    for (int32_t col = cnnc_first_tap_inside(first_col, p->dilation_cols); col < end_col; ++col) {
        const int32_t image_col = first_col + col * p->dilation_cols;
        const int32_t image_row = first_row + row * p->dilation_rows;
        const int8_t *pixel = image + (image_row * p->input_cols + image_col) * depth;
        int8_t *target = patch + row * patch_line + col * depth;
        for (int32_t left = end_row - row; left > 0; --left) {
            memcpy(target, pixel, (size_t)depth);
            target += patch_line;
            pixel += line;
        }
    }
}

/* The patches of count pixels of one output row, from column col on. */
CNNC_KERNEL void cnnc_gather_patch_row_s8(const struct cnnc_patches_s8 *p, const int8_t *image,
                                          int32_t row, int32_t col, int32_t count,
                                          int8_t *patches) {
    const int32_t step = p->stride_cols * p->input_channels;
    const int32_t first_row = row * p->stride_rows - p->pad_top;
    const int32_t last_row = first_row + (p->kernel_rows - 1) * p->dilation_rows;
    const int32_t last_col = p->input_cols - 1 - (p->kernel_cols - 1) * p->dilation_cols;
    const int32_t end = col + count;
    /* Columns from inner on and before outer see no padding. */
    const int32_t inner = (p->pad_left + p->stride_cols - 1) / p->stride_cols;
    int32_t outer = (last_col + p->pad_left + p->stride_cols) / p->stride_cols;
    if (first_row < 0 || last_row >= p->input_rows || last_col + p->pad_left < 0) {
        outer = 0;
    }
    outer = outer < end ? outer : end;
    while (col < end) {
        const int32_t first_col = col * p->stride_cols - p->pad_left;
        if (col >= inner && col < outer) {
            const int8_t *pixels =
                image + (first_row * p->input_cols + first_col) * p->input_channels;
            for (; col < outer; ++col) {
                cnnc_gather_inner_patch_s8(p, pixels, patches);
                pixels += step;
                patches += p->row_bytes;
            }
        } else {
            cnnc_gather_outer_patch_s8(p, image, first_row, first_col, patches);
            patches += p->row_bytes;
            ++col;
        }
    }
}

/* The patches of count output pixels from number first of all images' on, one behind the other,
 * each [kernel_row][kernel_col][channel]. What lies between a patch's end and the next one is left
 * as it is. */
CNNC_KERNEL void cnnc_gather_patches_s8(const struct cnnc_patches_s8 *p,
                                        const int8_t *CNNC_RESTRICT input, int32_t first,
                                        int32_t count, int8_t *CNNC_RESTRICT patches) {
    const int32_t image_bytes = p->input_rows * p->input_cols * p->input_channels;
    const int32_t line = first / p->output_cols;
    int32_t col = first - line * p->output_cols;
    int32_t row = line % p->output_rows;
    const int8_t *image = input + line / p->output_rows * image_bytes;
    while (count > 0) {
        const int32_t left = p->output_cols - col;
        const int32_t taken = left < count ? left : count;
        cnnc_gather_patch_row_s8(p, image, row, col, taken, patches);
        patches += taken * p->row_bytes;
        count -= taken;
        col = 0;
        if (++row == p->output_rows) {
            row = 0;
            image += image_bytes;
        }
    }
}

#endif

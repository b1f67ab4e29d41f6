/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution without groups with AVX-512 VNNI: patches times weights. */
#ifndef CNNC_CONV2D_S8_AVX512VNNI_H
#define CNNC_CONV2D_S8_AVX512VNNI_H

#include "cnnc_tiles_avx512vnni.h"

struct cnnc_conv2d_s8_avx512vnni_parameters {
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
    int32_t is_real;
    int32_t tile_rows;
    int32_t tile_vectors;
    int32_t chunk_rows;
};

/* The pixels under one kernel row: line is the image's row, first_col the column of tap 0; padding
 * becomes the input zero point. */
CNNC_KERNEL void cnnc_gather_line_avx512(const struct cnnc_conv2d_s8_avx512vnni_parameters *p,
                                         const int8_t *line, int32_t first_col, uint8_t *patch) {
    const int32_t depth = p->input_channels;
    const int32_t last_col = first_col + (p->kernel_cols - 1) * p->dilation_cols;
    if (p->dilation_cols == 1 && first_col >= 0 && last_col < p->input_cols) {
        cnnc_flip_bytes_avx512(patch, line + first_col * depth, p->kernel_cols * depth);
        return;
    }
    for (int32_t tap = 0; tap < p->kernel_cols; ++tap) {
        const int32_t col = first_col + tap * p->dilation_cols;
        if (col >= 0 && col < p->input_cols) {
            cnnc_flip_bytes_avx512(patch + tap * depth, line + col * depth, depth);
        } else {
            memset(patch + tap * depth, p->input_zero_point + 128, (size_t)depth);
        }
    }
}

/* One patch, [kernel_row][kernel_col][channel]; first_row and first_col are the image position of
 * tap (0, 0). */
CNNC_KERNEL void cnnc_gather_patch_avx512(const struct cnnc_conv2d_s8_avx512vnni_parameters *p,
                                          const int8_t *image, int32_t first_row, int32_t first_col,
                                          uint8_t *patch) {
    const int32_t line_bytes = p->input_cols * p->input_channels;
    const int32_t patch_line_bytes = p->kernel_cols * p->input_channels;
    for (int32_t tap = 0; tap < p->kernel_rows; ++tap) {
        const int32_t row = first_row + tap * p->dilation_rows;
        if (row >= 0 && row < p->input_rows) {
            cnnc_gather_line_avx512(p, image + row * line_bytes, first_col, patch);
        } else {
            memset(patch, p->input_zero_point + 128, (size_t)patch_line_bytes);
        }
        patch += patch_line_bytes;
    }
}

/* The patches of count output pixels from number first of all images' on. */
CNNC_KERNEL void cnnc_gather_patches_avx512(const struct cnnc_conv2d_s8_avx512vnni_parameters *p,
                                            const int8_t *input, int32_t first, int32_t count,
                                            int32_t row_bytes, uint8_t *patches) {
    const int32_t image_bytes = p->input_rows * p->input_cols * p->input_channels;
    const int32_t line = first / p->output_cols;
    int32_t col = first - line * p->output_cols;
    int32_t row = line % p->output_rows;
    const int8_t *image = input + (ptrdiff_t)(line / p->output_rows) * image_bytes;
    for (int32_t pixel = 0; pixel < count; ++pixel) {
        cnnc_gather_patch_avx512(p, image, row * p->stride_rows - p->pad_top,
                                 col * p->stride_cols - p->pad_left, patches);
        patches += row_bytes;
        if (++col == p->output_cols) {
            col = 0;
            if (++row == p->output_rows) {
                row = 0;
                image += image_bytes;
            }
        }
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * weights and channels as in cnnc_tiles_avx512vnni.h; scratch has room for chunk_rows patches, each
 * rounded up to 4 bytes. chunk_rows is a multiple of tile_rows, which is at most the number of
 * output pixels. */
CNNC_KERNEL void cnnc_conv2d_s8_avx512vnni(const struct cnnc_conv2d_s8_avx512vnni_parameters *p,
                                           const int8_t *CNNC_RESTRICT input,
                                           const int8_t *CNNC_RESTRICT weights,
                                           const int32_t *CNNC_RESTRICT channels,
                                           int8_t *CNNC_RESTRICT output,
                                           int8_t *CNNC_RESTRICT scratch) {
    const int32_t quads = (p->kernel_rows * p->kernel_cols * p->input_channels + 3) / 4;
    const int32_t pixels = p->batch * p->output_rows * p->output_cols;
    const struct cnnc_tiles_avx512vnni tiles = {
        quads,      4 * quads,  p->output_channels, p->output_zero_point,
        p->minimum, p->maximum, p->is_real};
    const struct cnnc_tile_size_avx512 size = {p->tile_rows, p->tile_vectors};
    uint8_t *const values = (uint8_t *)scratch;
    for (int32_t pixel = 0; pixel < pixels; pixel += p->chunk_rows) {
        const int32_t left = pixels - pixel < p->chunk_rows ? pixels - pixel : p->chunk_rows;
        const int32_t rows = left < p->tile_rows ? p->tile_rows : left;
        const int32_t first = pixel + left - rows;
        cnnc_gather_patches_avx512(p, input, first, rows, tiles.row_bytes, values);
        cnnc_run_tiles_avx512vnni(&tiles, &size, rows, values, weights, channels,
                                  output + (ptrdiff_t)first * p->output_channels);
    }
}

#endif

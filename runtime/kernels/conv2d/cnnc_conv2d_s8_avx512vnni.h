/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution without groups with AVX-512 VNNI: the lines under a band of output rows are
 * copied with their padding, and multiplied where they lie. */
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
    int32_t band_rows;
};

/* Bytes of a copied line: the columns that the kernel sees, rounded up to 16. */
CNNC_KERNEL int32_t
cnnc_conv2d_line_bytes_avx512(const struct cnnc_conv2d_s8_avx512vnni_parameters *p) {
    const int32_t cols =
        (p->output_cols - 1) * p->stride_cols + (p->kernel_cols - 1) * p->dilation_cols + 1;
    return (cols * p->input_channels + 15) / 16 * 16;
}

/* Copies line number line of an image, x as x + 128, between its padding. */
CNNC_KERNEL void cnnc_conv2d_line_avx512(const struct cnnc_conv2d_s8_avx512vnni_parameters *p,
                                         const int8_t *image, int32_t line, int32_t line_bytes,
                                         uint8_t *to) {
    const int padding = p->input_zero_point + 128;
    const int32_t before = p->pad_left * p->input_channels;
    const int32_t bytes = line >= 0 && line < p->input_rows ? p->input_cols * p->input_channels : 0;
    const int32_t room = line_bytes - before;
    const int32_t inside = room < 0 ? 0 : room < bytes ? room : bytes;
    if (inside == 0) {
        memset(to, padding, (size_t)line_bytes);
        return;
    }
    memset(to, padding, (size_t)before);
    cnnc_flip_bytes_avx512(to + before, image + line * bytes, inside);
    memset(to + before + inside, padding, (size_t)(room - inside));
}

/* Copies some lines of an image from number first of it on, those that the kernel sees. */
CNNC_KERNEL void cnnc_conv2d_band_avx512(const struct cnnc_conv2d_s8_avx512vnni_parameters *p,
                                         const int8_t *image, int32_t first, int32_t count,
                                         int32_t line_bytes, uint8_t *to) {
    const int32_t reach = (p->kernel_rows - 1) * p->dilation_rows + 1;
    for (int32_t index = 0; index < count; ++index) {
        if (index % p->stride_rows < reach) {
            cnnc_conv2d_line_avx512(p, image, first + index, line_bytes, to + index * line_bytes);
        }
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * weights and channels as in cnnc_tiles_avx512vnni.h: a segment is a row of taps, or one tap where
 * they are apart. scratch has room for the lines under band_rows output rows and 16 bytes more.
 * tile_rows is at most output_cols. */
CNNC_KERNEL void cnnc_conv2d_s8_avx512vnni(const struct cnnc_conv2d_s8_avx512vnni_parameters *p,
                                           const int8_t *CNNC_RESTRICT input,
                                           const int8_t *CNNC_RESTRICT weights,
                                           const int32_t *CNNC_RESTRICT channels,
                                           int8_t *CNNC_RESTRICT output,
                                           int8_t *CNNC_RESTRICT scratch) {
    const int32_t line_bytes = cnnc_conv2d_line_bytes_avx512(p);
    const int32_t is_apart = p->dilation_cols > 1 && p->kernel_cols > 1;
    /* Padding that is multiplied as zeros may as well be left out. */
    const int32_t is_zero = p->input_zero_point == INT8_MIN;
    const int32_t run = (is_apart ? 1 : p->kernel_cols) * p->input_channels;
    const struct cnnc_tiles_avx512vnni tiles = {(run + 3) / 4,
                                                is_apart ? p->kernel_cols : 1,
                                                p->dilation_cols * p->input_channels,
                                                p->kernel_rows,
                                                p->dilation_rows * line_bytes,
                                                p->stride_cols * p->input_channels,
                                                p->output_channels,
                                                p->output_zero_point,
                                                p->minimum,
                                                p->maximum,
                                                p->is_real};
    const struct cnnc_tile_size_avx512 size = {p->tile_rows, p->tile_vectors};
    const int32_t reach = (p->kernel_rows - 1) * p->dilation_rows + 1;
    const int32_t image_bytes = p->input_rows * p->input_cols * p->input_channels;
    uint8_t *const values = (uint8_t *)scratch;
    for (int32_t image = 0; image < p->batch; ++image) {
        for (int32_t row = 0; row < p->output_rows; row += p->band_rows) {
            const int32_t left = p->output_rows - row;
            const struct cnnc_lines_avx512 lines = {left < p->band_rows ? left : p->band_rows,
                                                    p->stride_rows * line_bytes,
                                                    p->output_cols,
                                                    is_zero ? p->input_rows : 0,
                                                    row * p->stride_rows - p->pad_top,
                                                    p->stride_rows,
                                                    p->dilation_rows};
            cnnc_conv2d_band_avx512(p, input, row * p->stride_rows - p->pad_top,
                                    (lines.lines - 1) * p->stride_rows + reach, line_bytes, values);
            cnnc_run_tiles_avx512vnni(&tiles, &size, &lines, values, weights, channels, output);
            output += lines.lines * p->output_cols * p->output_channels;
        }
        input += image_bytes;
    }
}

#endif

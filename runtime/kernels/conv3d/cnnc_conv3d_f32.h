/* SPDX-License-Identifier: MIT-0 */
/* Convolution of real numbers over planes, rows and columns; an image is one plane. */
#ifndef CNNC_CONV3D_F32_H
#define CNNC_CONV3D_F32_H

#include "cnnc_channel_sums_f32.h"
#include "cnnc_pool_window.h"

struct cnnc_conv3d_f32_parameters {
    int32_t batch;
    int32_t input_planes;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_planes;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t groups;
    int32_t kernel_planes;
    int32_t kernel_rows;
    int32_t kernel_cols;
    int32_t stride_planes;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t dilation_planes;
    int32_t dilation_rows;
    int32_t dilation_cols;
    int32_t pad_front;
    int32_t pad_top;
    int32_t pad_left;
    float minimum;
    float maximum;
};

/* The taps of one output pixel that lie inside the volume, and where the first tap of all is. */
struct cnnc_conv3d_window_f32 {
    struct cnnc_tap_range planes;
    struct cnnc_tap_range rows;
    struct cnnc_tap_range cols;
    int32_t first_plane;
    int32_t first_row;
    int32_t first_col;
};

/* Adds the taps of one kernel row; values and weights point at the first of them. */
CNNC_KERNEL struct cnnc_sums_f32 cnnc_conv3d_add_row_f32(const struct cnnc_conv3d_f32_parameters *p,
                                                         struct cnnc_sums_f32 sums,
                                                         const float *CNNC_RESTRICT values,
                                                         const float *CNNC_RESTRICT weights,
                                                         int32_t taps, int32_t width) {
    const int32_t depth = p->input_channels / p->groups;
    if (p->groups == 1 && p->dilation_cols == 1) {
        return cnnc_add_products_f32(sums, values, weights, taps * depth, width);
    }
    for (int32_t tap = 0; tap < taps; ++tap) {
        sums = cnnc_add_products_f32(sums, values + tap * p->dilation_cols * p->input_channels,
                                     weights + tap * depth * width, depth, width);
    }
    return sums;
}

/* Computes `width` output channels of one pixel; input points at the group's first channel. */
CNNC_KERNEL void cnnc_conv3d_block_f32(const struct cnnc_conv3d_f32_parameters *p,
                                       const struct cnnc_conv3d_window_f32 *window,
                                       const float *CNNC_RESTRICT input,
                                       const float *CNNC_RESTRICT weights,
                                       const float *CNNC_RESTRICT bias, int32_t width,
                                       float *CNNC_RESTRICT output) {
    const struct cnnc_limits_f32 limits = {p->minimum, p->maximum};
    const int32_t depth = p->input_channels / p->groups;
    const int32_t col = window->first_col + window->cols.first * p->dilation_cols;
    const int32_t taps = window->cols.end - window->cols.first;
    struct cnnc_sums_f32 sums = cnnc_sums_from_f32(bias, width);
    for (int32_t tap_plane = window->planes.first; tap_plane < window->planes.end; ++tap_plane) {
        const int32_t plane = window->first_plane + tap_plane * p->dilation_planes;
        for (int32_t tap_row = window->rows.first; tap_row < window->rows.end; ++tap_row) {
            const int32_t row = window->first_row + tap_row * p->dilation_rows;
            const int32_t pixel = (plane * p->input_rows + row) * p->input_cols + col;
            const int32_t tap =
                (tap_plane * p->kernel_rows + tap_row) * p->kernel_cols + window->cols.first;
            if (taps > 0) {
                sums = cnnc_conv3d_add_row_f32(p, sums, input + pixel * p->input_channels,
                                               weights + tap * depth * width, taps, width);
            }
        }
    }
    cnnc_store_sums_f32(&sums, &limits, width, output);
}

/* Computes all channels of one output pixel, group by group. */
CNNC_KERNEL void cnnc_conv3d_pixel_f32(const struct cnnc_conv3d_f32_parameters *p,
                                       const struct cnnc_conv3d_window_f32 *window,
                                       const float *CNNC_RESTRICT input,
                                       const float *CNNC_RESTRICT weights,
                                       const float *CNNC_RESTRICT bias,
                                       float *CNNC_RESTRICT output) {
    const int32_t depth = p->input_channels / p->groups;
    const int32_t count = p->output_channels / p->groups;
    const int32_t blocked = count - count % CNNC_BLOCK_F32;
    const int32_t products = p->kernel_planes * p->kernel_rows * p->kernel_cols * depth;
    for (int32_t group = 0; group < p->groups; ++group) {
        const float *values = input + group * depth;
        const int32_t end = (group + 1) * count;
        int32_t o = group * count;
        for (; o < group * count + blocked; o += CNNC_BLOCK_F32) {
            cnnc_conv3d_block_f32(p, window, values, weights + o * products, bias + o,
                                  CNNC_BLOCK_F32, output + o);
        }
        for (; o < end; ++o) {
            cnnc_conv3d_block_f32(p, window, values, weights + o * products, bias + o, 1,
                                  output + o);
        }
    }
}

/* output[b][d][r][c][o] = clamp(bias[o] + sum over taps in the volume and i, in order, of
 * weights[o][tap][i] * pixel[i]). weights: for each group [kernel_plane][kernel_row][kernel_col]
 * [input_channels / groups] in blocks of channels (cnnc_channel_sums_f32.h), bias
 * [output_channels]. */
CNNC_KERNEL void cnnc_conv3d_f32(const struct cnnc_conv3d_f32_parameters *p,
                                 const float *CNNC_RESTRICT input,
                                 const float *CNNC_RESTRICT weights,
                                 const float *CNNC_RESTRICT bias, float *CNNC_RESTRICT output) {
    const struct cnnc_window_axis planes = {p->kernel_planes, p->dilation_planes, p->stride_planes,
                                            p->pad_front,     p->input_planes,    p->output_planes};
    const struct cnnc_window_axis rows = {p->kernel_rows, p->dilation_rows, p->stride_rows,
                                          p->pad_top,     p->input_rows,    p->output_rows};
    const struct cnnc_window_axis cols = {p->kernel_cols, p->dilation_cols, p->stride_cols,
                                          p->pad_left,    p->input_cols,    p->output_cols};
    const int32_t volume = p->input_planes * p->input_rows * p->input_cols * p->input_channels;
    const int32_t lines = p->batch * p->output_planes * p->output_rows;
    for (int32_t line = 0; line < lines; ++line) {
        const int32_t row = line % p->output_rows;
        const int32_t plane = line / p->output_rows % p->output_planes;
        const float *image = input + line / p->output_rows / p->output_planes * volume;
        struct cnnc_conv3d_window_f32 window = {
            cnnc_taps_inside(planes, plane),     cnnc_taps_inside(rows, row),     {0, 0},
            cnnc_tap_position(planes, plane, 0), cnnc_tap_position(rows, row, 0), 0};
        for (int32_t col = 0; col < p->output_cols; ++col) {
            window.cols = cnnc_taps_inside(cols, col);
            window.first_col = cnnc_tap_position(cols, col, 0);
            cnnc_conv3d_pixel_f32(p, &window, image, weights, bias, output);
            output += p->output_channels;
        }
    }
}

#endif

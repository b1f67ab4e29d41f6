/* SPDX-License-Identifier: MIT-0 */
/* A pool's window over planes, rows and columns: which part of it lies inside the volume. An image
 * is a volume of one plane, a line a volume of one row. */
#ifndef CNNC_POOL_VOLUME_H
#define CNNC_POOL_VOLUME_H

#include "cnnc_pool_window.h"

struct cnnc_pool_volume_parameters {
    int32_t batch;
    int32_t channels;
    int32_t input_planes;
    int32_t input_rows;
    int32_t input_cols;
    int32_t output_planes;
    int32_t output_rows;
    int32_t output_cols;
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
    int32_t counted_planes; /* extent of the padded volume if padding counts, else 0 */
    int32_t counted_rows;
    int32_t counted_cols;
    int32_t padding_value; /* what a tap in the padding adds where it counts */
};

/* The part of one window that lies inside the volume. */
struct cnnc_pool_volume_window {
    int32_t first; /* offset of its first tap in the input, channel 0 */
    int32_t plane_taps;
    int32_t row_taps;
    int32_t col_taps;
    int32_t count; /* taps that count, those in the padding included where it counts */
};

CNNC_KERNEL struct cnnc_window_axis
cnnc_pool_volume_planes(const struct cnnc_pool_volume_parameters *p) {
    const struct cnnc_window_axis axis = {p->kernel_planes, p->dilation_planes, p->stride_planes,
                                          p->pad_front,     p->input_planes,    p->output_planes};
    return axis;
}

CNNC_KERNEL struct cnnc_window_axis
cnnc_pool_volume_rows(const struct cnnc_pool_volume_parameters *p) {
    const struct cnnc_window_axis axis = {p->kernel_rows, p->dilation_rows, p->stride_rows,
                                          p->pad_top,     p->input_rows,    p->output_rows};
    return axis;
}

CNNC_KERNEL struct cnnc_window_axis
cnnc_pool_volume_cols(const struct cnnc_pool_volume_parameters *p) {
    const struct cnnc_window_axis axis = {p->kernel_cols, p->dilation_cols, p->stride_cols,
                                          p->pad_left,    p->input_cols,    p->output_cols};
    return axis;
}

/* Taps of window `index` that lie in the padded extent. */
CNNC_KERNEL int32_t cnnc_pool_taps_counted(struct cnnc_window_axis axis, int32_t padded_extent,
                                           int32_t index) {
    axis.pad = 0;
    axis.extent = padded_extent;
    return cnnc_taps_inside(axis, index).end;
}

/* The window of output pixel `pixel`, counted from the first of the first batch. */
CNNC_KERNEL struct cnnc_pool_volume_window
cnnc_pool_volume_window_at(const struct cnnc_pool_volume_parameters *p, int32_t pixel) {
    const int32_t col = pixel % p->output_cols;
    const int32_t row = pixel / p->output_cols % p->output_rows;
    const int32_t plane = pixel / p->output_cols / p->output_rows % p->output_planes;
    const int32_t batch = pixel / p->output_cols / p->output_rows / p->output_planes;
    const struct cnnc_window_axis planes = cnnc_pool_volume_planes(p);
    const struct cnnc_window_axis rows = cnnc_pool_volume_rows(p);
    const struct cnnc_window_axis cols = cnnc_pool_volume_cols(p);
    const struct cnnc_tap_range plane_taps = cnnc_taps_inside(planes, plane);
    const struct cnnc_tap_range row_taps = cnnc_taps_inside(rows, row);
    const struct cnnc_tap_range col_taps = cnnc_taps_inside(cols, col);
    const int32_t first_plane =
        batch * p->input_planes + cnnc_tap_position(planes, plane, plane_taps.first);
    const int32_t first_row =
        first_plane * p->input_rows + cnnc_tap_position(rows, row, row_taps.first);
    const int32_t first_col =
        first_row * p->input_cols + cnnc_tap_position(cols, col, col_taps.first);
    struct cnnc_pool_volume_window window = {
        first_col * p->channels, plane_taps.end - plane_taps.first, row_taps.end - row_taps.first,
        col_taps.end - col_taps.first, 0};
    window.count = window.plane_taps * window.row_taps * window.col_taps;
    if (p->counted_cols > 0) {
        window.count = cnnc_pool_taps_counted(planes, p->counted_planes, plane) *
                       cnnc_pool_taps_counted(rows, p->counted_rows, row) *
                       cnnc_pool_taps_counted(cols, p->counted_cols, col);
    }
    return window;
}

/* Taps of a window that lie inside the volume. */
CNNC_KERNEL int32_t cnnc_pool_volume_taps(const struct cnnc_pool_volume_window *window) {
    return window->plane_taps * window->row_taps * window->col_taps;
}

/* Offset of tap `tap` of a window in the input, channel 0; columns run fastest. */
CNNC_KERNEL int32_t cnnc_pool_volume_tap(const struct cnnc_pool_volume_parameters *p,
                                         const struct cnnc_pool_volume_window *window,
                                         int32_t tap) {
    const int32_t col = tap % window->col_taps;
    const int32_t row = tap / window->col_taps % window->row_taps;
    const int32_t plane = tap / window->col_taps / window->row_taps;
    const int32_t line = plane * p->dilation_planes * p->input_rows + row * p->dilation_rows;
    return window->first + (line * p->input_cols + col * p->dilation_cols) * p->channels;
}

/* Output pixels of all batches. */
CNNC_KERNEL int32_t cnnc_pool_volume_pixels(const struct cnnc_pool_volume_parameters *p) {
    return p->batch * p->output_planes * p->output_rows * p->output_cols;
}

#endif

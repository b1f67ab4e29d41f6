/* SPDX-License-Identifier: MIT-0 */
/* Maximum over a sliding window; padding never wins. */
#ifndef CNNC_MAX_POOL_S8_H
#define CNNC_MAX_POOL_S8_H

#include "cnnc_pool_window.h"

struct cnnc_max_pool_s8_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t channels;
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
};

/* One output pixel from the window whose first tap inside the image is `first`. */
CNNC_KERNEL void cnnc_max_pool_pixel(const struct cnnc_max_pool_s8_parameters *p,
                                     const int8_t *CNNC_RESTRICT first, int32_t row_taps,
                                     int32_t col_taps, int8_t *CNNC_RESTRICT output) {
    const int32_t col_step = p->dilation_cols * p->channels;
    const int32_t row_step = p->dilation_rows * p->input_cols * p->channels;
    for (int32_t channel = 0; channel < p->channels; channel++) {
        int8_t maximum = first[channel];
        for (int32_t row = 0; row < row_taps; row++) {
            for (int32_t col = 0; col < col_taps; col++) {
                const int8_t value = first[channel + row * row_step + col * col_step];
                maximum = value > maximum ? value : maximum;
            }
        }
        output[channel] = maximum;
    }
}

/* The part of a window that lies inside the image. */
struct cnnc_max_pool_window {
    const int8_t *first;
    int32_t row_taps;
    int32_t col_taps;
};

/* The window of one output pixel. */
CNNC_KERNEL struct cnnc_max_pool_window
cnnc_max_pool_window_at(const struct cnnc_max_pool_s8_parameters *p, const int8_t *image,
                        int32_t output_row, int32_t output_col) {
    const struct cnnc_window_axis rows = {p->kernel_rows, p->dilation_rows, p->stride_rows,
                                          p->pad_top,     p->input_rows,    p->output_rows};
    const struct cnnc_window_axis cols = {p->kernel_cols, p->dilation_cols, p->stride_cols,
                                          p->pad_left,    p->input_cols,    p->output_cols};
    const struct cnnc_tap_range row_taps = cnnc_taps_inside(rows, output_row);
    const struct cnnc_tap_range col_taps = cnnc_taps_inside(cols, output_col);
    const int32_t first_row = cnnc_tap_position(rows, output_row, row_taps.first);
    const int32_t first_col = cnnc_tap_position(cols, output_col, col_taps.first);
    const struct cnnc_max_pool_window window = {
        image + (first_row * p->input_cols + first_col) * p->channels,
        row_taps.end - row_taps.first, col_taps.end - col_taps.first};
    return window;
}

/* One row of output pixels. */
CNNC_KERNEL void cnnc_max_pool_row(const struct cnnc_max_pool_s8_parameters *p,
                                   const int8_t *CNNC_RESTRICT image, int32_t output_row,
                                   int8_t *CNNC_RESTRICT output) {
    for (int32_t output_col = 0; output_col < p->output_cols; output_col++) {
        const struct cnnc_max_pool_window window =
            cnnc_max_pool_window_at(p, image, output_row, output_col);
        int8_t *pixel = output + output_col * p->channels;
        if (window.row_taps == p->kernel_rows && window.col_taps == p->kernel_cols) {
            cnnc_max_pool_pixel(p, window.first, p->kernel_rows, p->kernel_cols, pixel);
        } else {
            cnnc_max_pool_pixel(p, window.first, window.row_taps, window.col_taps, pixel);
        }
    }
}

/* input: [batch][input_rows][input_cols][channels], output: [batch][output_rows][output_cols]
 * [channels]. */
CNNC_KERNEL void cnnc_max_pool_s8(const struct cnnc_max_pool_s8_parameters *p,
                                  const int8_t *CNNC_RESTRICT input, int8_t *CNNC_RESTRICT output) {
    const int32_t image_size = p->input_rows * p->input_cols * p->channels;
    const int32_t row_size = p->output_cols * p->channels;
    for (int32_t batch = 0; batch < p->batch; batch++) {
        for (int32_t row = 0; row < p->output_rows; row++) {
            cnnc_max_pool_row(p, input + batch * image_size, row,
                              output + (batch * p->output_rows + row) * row_size);
        }
    }
}

#endif

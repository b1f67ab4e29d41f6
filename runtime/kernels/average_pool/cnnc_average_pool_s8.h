/* SPDX-License-Identifier: MIT-0 */
/* Average over a sliding window, rounded half away from zero. */
#ifndef CNNC_AVERAGE_POOL_S8_H
#define CNNC_AVERAGE_POOL_S8_H

#include "cnnc_pool_window.h"

struct cnnc_average_pool_s8_parameters {
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
    int32_t counted_rows; /* rows of the padded image if padding counts as zero_point, else 0 */
    int32_t counted_cols; /* columns of the padded image, likewise */
    int32_t zero_point;
};

/* sum / count, rounded half away from zero. */
CNNC_KERNEL int8_t cnnc_average(int32_t sum, int32_t count) {
    const int32_t half = count / 2;
    return (int8_t)((sum > 0 ? sum + half : sum - half) / count);
}

/* The part of a window that lies inside the image, and what the padding adds to its average. */
struct cnnc_average_window {
    const int8_t *first;
    int32_t row_taps;
    int32_t col_taps;
    int32_t padding_sum;
    int32_t count;
};

/* One output pixel; four channels at a time keep the sums in registers. */
CNNC_KERNEL void cnnc_average_pool_pixel(const struct cnnc_average_pool_s8_parameters *p,
                                         struct cnnc_average_window window,
                                         int8_t *CNNC_RESTRICT output) {
    const int32_t col_step = p->dilation_cols * p->channels;
    const int32_t row_step = p->dilation_rows * p->input_cols * p->channels;
    int32_t channel = 0;
    for (; channel + 4 <= p->channels; channel += 4) {
        int32_t sum_0 = window.padding_sum;
        int32_t sum_1 = window.padding_sum;
        int32_t sum_2 = window.padding_sum;
        int32_t sum_3 = window.padding_sum;
        for (int32_t row = 0; row < window.row_taps; row++) {
            for (int32_t col = 0; col < window.col_taps; col++) {
                const int8_t *tap = window.first + channel + row * row_step + col * col_step;
                sum_0 += tap[0];
                sum_1 += tap[1];
                sum_2 += tap[2];
                sum_3 += tap[3];
            }
        }
        output[channel] = cnnc_average(sum_0, window.count);
        output[channel + 1] = cnnc_average(sum_1, window.count);
        output[channel + 2] = cnnc_average(sum_2, window.count);
        output[channel + 3] = cnnc_average(sum_3, window.count);
    }
    for (; channel < p->channels; channel++) {
        int32_t sum = window.padding_sum;
        for (int32_t row = 0; row < window.row_taps; row++) {
            for (int32_t col = 0; col < window.col_taps; col++) {
                sum += window.first[channel + row * row_step + col * col_step];
            }
        }
        output[channel] = cnnc_average(sum, window.count);
    }
}

/* Taps of window `index` that count, by the extent of the padded image. */
CNNC_KERNEL int32_t cnnc_taps_counted(struct cnnc_window_axis axis, int32_t padded_extent,
                                      int32_t index) {
    axis.pad = 0;
    axis.extent = padded_extent;
    return cnnc_taps_inside(axis, index).end;
}

/* The window of one output pixel. */
CNNC_KERNEL struct cnnc_average_window
cnnc_average_window_at(const struct cnnc_average_pool_s8_parameters *p, const int8_t *image,
                       int32_t output_row, int32_t output_col) {
    const struct cnnc_window_axis rows = {p->kernel_rows, p->dilation_rows, p->stride_rows,
                                          p->pad_top,     p->input_rows,    p->output_rows};
    const struct cnnc_window_axis cols = {p->kernel_cols, p->dilation_cols, p->stride_cols,
                                          p->pad_left,    p->input_cols,    p->output_cols};
    const struct cnnc_tap_range row_taps = cnnc_taps_inside(rows, output_row);
    const struct cnnc_tap_range col_taps = cnnc_taps_inside(cols, output_col);
    const int32_t first_row = cnnc_tap_position(rows, output_row, row_taps.first);
    const int32_t first_col = cnnc_tap_position(cols, output_col, col_taps.first);
    const int8_t *first = image + (first_row * p->input_cols + first_col) * p->channels;
    struct cnnc_average_window window = {first, row_taps.end - row_taps.first,
                                         col_taps.end - col_taps.first, 0, 0};
    const int32_t inside = window.row_taps * window.col_taps;
    window.count = inside;
    if (inside < p->kernel_rows * p->kernel_cols && p->counted_rows > 0) {
        window.count = cnnc_taps_counted(rows, p->counted_rows, output_row) *
                       cnnc_taps_counted(cols, p->counted_cols, output_col);
        window.padding_sum = (window.count - inside) * p->zero_point;
    }
    return window;
}

/* One row of output pixels. */
CNNC_KERNEL void cnnc_average_pool_row(const struct cnnc_average_pool_s8_parameters *p,
                                       const int8_t *CNNC_RESTRICT image, int32_t output_row,
                                       int8_t *CNNC_RESTRICT output) {
    const int32_t full_count = p->kernel_rows * p->kernel_cols;
    for (int32_t output_col = 0; output_col < p->output_cols; output_col++) {
        const struct cnnc_average_window window =
            cnnc_average_window_at(p, image, output_row, output_col);
        int8_t *pixel = output + output_col * p->channels;
        if (window.row_taps * window.col_taps == full_count) {
            const struct cnnc_average_window full = {window.first, p->kernel_rows, p->kernel_cols,
                                                     0, full_count};
            cnnc_average_pool_pixel(p, full, pixel);
        } else {
            cnnc_average_pool_pixel(p, window, pixel);
        }
    }
}

/* input: [batch][input_rows][input_cols][channels], output: [batch][output_rows][output_cols]
 * [channels]. */
CNNC_KERNEL void cnnc_average_pool_s8(const struct cnnc_average_pool_s8_parameters *p,
                                      const int8_t *CNNC_RESTRICT input,
                                      int8_t *CNNC_RESTRICT output) {
    const int32_t image_size = p->input_rows * p->input_cols * p->channels;
    const int32_t row_size = p->output_cols * p->channels;
    for (int32_t batch = 0; batch < p->batch; batch++) {
        for (int32_t row = 0; row < p->output_rows; row++) {
            cnnc_average_pool_row(p, input + batch * image_size, row,
                                  output + (batch * p->output_rows + row) * row_size);
        }
    }
}

#endif

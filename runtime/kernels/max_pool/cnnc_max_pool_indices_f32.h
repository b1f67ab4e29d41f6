/* SPDX-License-Identifier: MIT-0 */
/* Where the maximum of a sliding window is: its index in the tensor with channels before pixels. */
#ifndef CNNC_MAX_POOL_INDICES_F32_H
#define CNNC_MAX_POOL_INDICES_F32_H

#include "cnnc_pool_volume.h"

/* As struct cnnc_pool_volume_parameters, where padding never counts. */
struct cnnc_max_pool_indices_f32_parameters {
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
    int32_t column_major; /* whether rows run faster than columns in the index */
};

CNNC_KERNEL struct cnnc_pool_volume_parameters
cnnc_max_pool_indices_volume(const struct cnnc_max_pool_indices_f32_parameters *p) {
    const struct cnnc_pool_volume_parameters volume = {p->batch,
                                                       p->channels,
                                                       p->input_planes,
                                                       p->input_rows,
                                                       p->input_cols,
                                                       p->output_planes,
                                                       p->output_rows,
                                                       p->output_cols,
                                                       p->kernel_planes,
                                                       p->kernel_rows,
                                                       p->kernel_cols,
                                                       p->stride_planes,
                                                       p->stride_rows,
                                                       p->stride_cols,
                                                       p->dilation_planes,
                                                       p->dilation_rows,
                                                       p->dilation_cols,
                                                       p->pad_front,
                                                       p->pad_top,
                                                       p->pad_left,
                                                       0,
                                                       0,
                                                       0,
                                                       0};
    return volume;
}

/* Offset of the first of the largest taps of a window. */
CNNC_KERNEL int32_t cnnc_max_pool_indices_place(const struct cnnc_pool_volume_parameters *volume,
                                                const struct cnnc_pool_volume_window *window,
                                                const float *input, int32_t channel) {
    const int32_t taps = cnnc_pool_volume_taps(window);
    int32_t place = window->first + channel;
    for (int32_t tap = 1; tap < taps; tap++) {
        const int32_t other = cnnc_pool_volume_tap(volume, window, tap) + channel;
        place = input[other] > input[place] ? other : place;
    }
    return place;
}

/* Index of what lies at an offset of [batch][plane][row][col][channel]. */
CNNC_KERNEL int32_t
cnnc_max_pool_indices_index(const struct cnnc_max_pool_indices_f32_parameters *p, int32_t place) {
    const int32_t size = p->input_planes * p->input_rows * p->input_cols;
    const int32_t channel = place % p->channels;
    const int32_t pixel = place / p->channels;
    const int32_t image = pixel / size * p->channels + channel;
    const int32_t col = pixel % p->input_cols;
    const int32_t row = pixel / p->input_cols % p->input_rows;
    const int32_t within = p->column_major ? col * p->input_rows + row : pixel % size;
    return image * size + within;
}

/* input: [batch][input_planes][input_rows][input_cols][channels], output: [batch][output_planes]
 * [output_rows][output_cols][channels]. */
CNNC_KERNEL void cnnc_max_pool_indices_f32(const struct cnnc_max_pool_indices_f32_parameters *p,
                                           const float *CNNC_RESTRICT input,
                                           int32_t *CNNC_RESTRICT output) {
    const struct cnnc_pool_volume_parameters volume = cnnc_max_pool_indices_volume(p);
    const int32_t pixels = cnnc_pool_volume_pixels(&volume);
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        const struct cnnc_pool_volume_window window = cnnc_pool_volume_window_at(&volume, pixel);
        for (int32_t channel = 0; channel < p->channels; channel++) {
            const int32_t place = cnnc_max_pool_indices_place(&volume, &window, input, channel);
            output[pixel * p->channels + channel] = cnnc_max_pool_indices_index(p, place);
        }
    }
}

#endif

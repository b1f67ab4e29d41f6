/* SPDX-License-Identifier: MIT-0 */
/* Average over a sliding window of planes, rows and columns, rounded half away from zero. */
#ifndef CNNC_AVERAGE_POOL_VOLUME_S8_H
#define CNNC_AVERAGE_POOL_VOLUME_S8_H

#include "cnnc_average_pool_s8.h"
#include "cnnc_pool_volume.h"

/* One output pixel, [channels]. */
CNNC_KERNEL void cnnc_average_pool_volume_pixel(const struct cnnc_pool_volume_parameters *p,
                                                const struct cnnc_pool_volume_window *window,
                                                const int8_t *CNNC_RESTRICT input,
                                                int8_t *CNNC_RESTRICT output) {
    const int32_t taps = cnnc_pool_volume_taps(window);
    const int32_t padding_sum = (window->count - taps) * p->padding_value;
    for (int32_t channel = 0; channel < p->channels; channel++) {
        int32_t sum = padding_sum;
        for (int32_t tap = 0; tap < taps; tap++) {
            sum += input[cnnc_pool_volume_tap(p, window, tap) + channel];
        }
        output[channel] = cnnc_average(sum, window->count);
    }
}

/* input: [batch][input_planes][input_rows][input_cols][channels], output: [batch][output_planes]
 * [output_rows][output_cols][channels]. */
CNNC_KERNEL void cnnc_average_pool_volume_s8(const struct cnnc_pool_volume_parameters *p,
                                             const int8_t *CNNC_RESTRICT input,
                                             int8_t *CNNC_RESTRICT output) {
    const int32_t pixels = cnnc_pool_volume_pixels(p);
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        const struct cnnc_pool_volume_window window = cnnc_pool_volume_window_at(p, pixel);
        cnnc_average_pool_volume_pixel(p, &window, input, output + pixel * p->channels);
    }
}

#endif

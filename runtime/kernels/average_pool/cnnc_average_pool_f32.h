/* SPDX-License-Identifier: MIT-0 */
/* Average of real numbers over a sliding window: their sum in the order of the taps, / count. */
#ifndef CNNC_AVERAGE_POOL_F32_H
#define CNNC_AVERAGE_POOL_F32_H

#include "cnnc_pool_volume.h"

/* One output pixel, [channels]; the output holds the sum of the taps so far. */
CNNC_KERNEL void cnnc_average_pool_pixel_f32(const struct cnnc_pool_volume_parameters *p,
                                             const struct cnnc_pool_volume_window *window,
                                             const float *CNNC_RESTRICT input,
                                             float *CNNC_RESTRICT output) {
    const int32_t taps = cnnc_pool_volume_taps(window);
    const float count = (float)window->count;
    for (int32_t channel = 0; channel < p->channels; channel++) {
        output[channel] = 0.0f;
    }
    for (int32_t tap = 0; tap < taps; tap++) {
        const float *values = input + cnnc_pool_volume_tap(p, window, tap);
        for (int32_t channel = 0; channel < p->channels; channel++) {
            output[channel] += values[channel];
        }
    }
    for (int32_t channel = 0; channel < p->channels; channel++) {
        output[channel] /= count;
    }
}

/* input: [batch][input_planes][input_rows][input_cols][channels], output: [batch][output_planes]
 * [output_rows][output_cols][channels]. */
CNNC_KERNEL void cnnc_average_pool_f32(const struct cnnc_pool_volume_parameters *p,
                                       const float *CNNC_RESTRICT input,
                                       float *CNNC_RESTRICT output) {
    const int32_t pixels = cnnc_pool_volume_pixels(p);
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        const struct cnnc_pool_volume_window window = cnnc_pool_volume_window_at(p, pixel);
        cnnc_average_pool_pixel_f32(p, &window, input, output + pixel * p->channels);
    }
}

#endif

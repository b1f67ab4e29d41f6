/* SPDX-License-Identifier: MIT-0 */
/* Maximum of real numbers over a sliding window; padding never wins. */
#ifndef CNNC_MAX_POOL_F32_H
#define CNNC_MAX_POOL_F32_H

#include "cnnc_pool_volume.h"

/* One output pixel, [channels]; the output holds the maximum of the taps so far. */
CNNC_KERNEL void cnnc_max_pool_pixel_f32(const struct cnnc_pool_volume_parameters *p,
                                         const struct cnnc_pool_volume_window *window,
                                         const float *CNNC_RESTRICT input,
                                         float *CNNC_RESTRICT output) {
    const int32_t taps = cnnc_pool_volume_taps(window);
    for (int32_t channel = 0; channel < p->channels; channel++) {
        output[channel] = input[window->first + channel];
    }
    for (int32_t tap = 1; tap < taps; tap++) {
        const float *values = input + cnnc_pool_volume_tap(p, window, tap);
        for (int32_t channel = 0; channel < p->channels; channel++) {
            const float value = values[channel];
            output[channel] = value > output[channel] ? value : output[channel];
        }
    }
}

/* input: [batch][input_planes][input_rows][input_cols][channels], output: [batch][output_planes]
 * [output_rows][output_cols][channels]. */
CNNC_KERNEL void cnnc_max_pool_f32(const struct cnnc_pool_volume_parameters *p,
                                   const float *CNNC_RESTRICT input, float *CNNC_RESTRICT output) {
    const int32_t pixels = cnnc_pool_volume_pixels(p);
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        const struct cnnc_pool_volume_window window = cnnc_pool_volume_window_at(p, pixel);
        cnnc_max_pool_pixel_f32(p, &window, input, output + pixel * p->channels);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Maximum of unsigned bytes over a sliding window of planes, rows and columns; padding never wins.
 */
#ifndef CNNC_MAX_POOL_VOLUME_U8_H
#define CNNC_MAX_POOL_VOLUME_U8_H

#include "cnnc_pool_volume.h"

/* One output pixel, [channels]; the output holds the maximum of the taps so far. */
CNNC_KERNEL void cnnc_max_pool_pixel_volume_u8(const struct cnnc_pool_volume_parameters *p,
                                               const struct cnnc_pool_volume_window *window,
                                               const uint8_t *CNNC_RESTRICT input,
                                               uint8_t *CNNC_RESTRICT output) {
    const int32_t taps = cnnc_pool_volume_taps(window);
    for (int32_t channel = 0; channel < p->channels; channel++) {
        output[channel] = input[window->first + channel];
    }
    for (int32_t tap = 1; tap < taps; tap++) {
        const uint8_t *values = input + cnnc_pool_volume_tap(p, window, tap);
        for (int32_t channel = 0; channel < p->channels; channel++) {
            const uint8_t value = values[channel];
            output[channel] = value > output[channel] ? value : output[channel];
        }
    }
}

/* input: [batch][input_planes][input_rows][input_cols][channels], output: [batch][output_planes]
 * [output_rows][output_cols][channels]. */
CNNC_KERNEL void cnnc_max_pool_volume_u8(const struct cnnc_pool_volume_parameters *p,
                                         const uint8_t *CNNC_RESTRICT input,
                                         uint8_t *CNNC_RESTRICT output) {
    const int32_t pixels = cnnc_pool_volume_pixels(p);
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        const struct cnnc_pool_volume_window window = cnnc_pool_volume_window_at(p, pixel);
        cnnc_max_pool_pixel_volume_u8(p, &window, input, output + pixel * p->channels);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Lp norm over a sliding window: the root of the sum of powers of magnitudes. */
#ifndef CNNC_LP_POOL_F32_H
#define CNNC_LP_POOL_F32_H

#include "cnnc_float_math.h"
#include "cnnc_pool_volume.h"

struct cnnc_lp_pool_f32_parameters {
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
    int32_t power;
};

CNNC_KERNEL struct cnnc_pool_volume_parameters
cnnc_lp_pool_volume(const struct cnnc_lp_pool_f32_parameters *p) {
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

/* |x|^power, a product from left to right. */
CNNC_KERNEL float cnnc_lp_pool_power(float x, int32_t power) {
    const float magnitude = cnnc_float_abs(x);
    float product = magnitude;
    for (int32_t i = 1; i < power; i++) {
        product *= magnitude;
    }
    return product;
}

/* sum^(1 / power) */
CNNC_KERNEL float cnnc_lp_pool_root(float sum, int32_t power) {
    if (power == 1) {
        return sum;
    }
    if (power == 2) {
        return cnnc_float_sqrt(sum);
    }
    return cnnc_float_exp(cnnc_float_log(sum) / (float)power);
}

/* One output pixel, [channels]; the output holds the sum of the taps so far. */
CNNC_KERNEL void cnnc_lp_pool_pixel_f32(const struct cnnc_pool_volume_parameters *p,
                                        const struct cnnc_pool_volume_window *window, int32_t power,
                                        const float *CNNC_RESTRICT input,
                                        float *CNNC_RESTRICT output) {
    const int32_t taps = cnnc_pool_volume_taps(window);
    for (int32_t channel = 0; channel < p->channels; channel++) {
        output[channel] = 0.0f;
    }
    for (int32_t tap = 0; tap < taps; tap++) {
        const float *values = input + cnnc_pool_volume_tap(p, window, tap);
        for (int32_t channel = 0; channel < p->channels; channel++) {
            output[channel] += cnnc_lp_pool_power(values[channel], power);
        }
    }
    for (int32_t channel = 0; channel < p->channels; channel++) {
        output[channel] = cnnc_lp_pool_root(output[channel], power);
    }
}

/* input: [batch][input_planes][input_rows][input_cols][channels], output: [batch][output_planes]
 * [output_rows][output_cols][channels]. */
CNNC_KERNEL void cnnc_lp_pool_f32(const struct cnnc_lp_pool_f32_parameters *p,
                                  const float *CNNC_RESTRICT input, float *CNNC_RESTRICT output) {
    const struct cnnc_pool_volume_parameters volume = cnnc_lp_pool_volume(p);
    const int32_t pixels = cnnc_pool_volume_pixels(&volume);
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        const struct cnnc_pool_volume_window window = cnnc_pool_volume_window_at(&volume, pixel);
        cnnc_lp_pool_pixel_f32(&volume, &window, p->power, input, output + pixel * p->channels);
    }
}

#endif

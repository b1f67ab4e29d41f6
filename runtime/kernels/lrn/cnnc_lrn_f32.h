/* SPDX-License-Identifier: MIT-0 */
/* Local response normalization: each channel divided by a power of its neighbours' squares. */
#ifndef CNNC_LRN_F32_H
#define CNNC_LRN_F32_H

#include "cnnc_float_math.h"

struct cnnc_lrn_f32_parameters {
    int32_t pixels;
    int32_t channels;
    int32_t before; /* channels of the window before its own */
    int32_t after;
    float weight; /* alpha / size */
    float bias;
    float beta;
};

/* x^beta for x > 0; by square roots where two of them are enough. */
CNNC_KERNEL float cnnc_lrn_power(float x, float beta) {
    if (beta == 1.0f) {
        return x;
    }
    if (beta == 0.5f) {
        return cnnc_float_sqrt(x);
    }
    if (beta == 0.75f) {
        const float root = cnnc_float_sqrt(x);
        return root * cnnc_float_sqrt(root);
    }
    return cnnc_float_exp(beta * cnnc_float_log(x));
}

/* One channel of one pixel; the squares are added from the first channel of the window on. */
CNNC_KERNEL float cnnc_lrn_channel(const struct cnnc_lrn_f32_parameters *p, const float *pixel,
                                   int32_t channel) {
    const int32_t first = channel > p->before ? channel - p->before : 0;
    const int32_t rest = p->channels - 1 - channel;
    const int32_t end = channel + (rest < p->after ? rest : p->after) + 1;
    float sum = 0.0f;
    for (int32_t i = first; i < end; i++) {
        sum += pixel[i] * pixel[i];
    }
    return pixel[channel] / cnnc_lrn_power(p->bias + p->weight * sum, p->beta);
}

/* input and output: [pixels][channels]. */
CNNC_KERNEL void cnnc_lrn_f32(const struct cnnc_lrn_f32_parameters *p,
                              const float *CNNC_RESTRICT input, float *CNNC_RESTRICT output) {
    for (int32_t pixel = 0; pixel < p->pixels; pixel++) {
        const float *values = input + pixel * p->channels;
        for (int32_t channel = 0; channel < p->channels; channel++) {
            output[pixel * p->channels + channel] = cnnc_lrn_channel(p, values, channel);
        }
    }
}

#endif

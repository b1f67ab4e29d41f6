/* SPDX-License-Identifier: MIT-0 */
/* Real numbers to multiples of a scale, as int8 would hold them: ties to even, clamped. */
#ifndef CNNC_FAKE_QUANTIZE_F32_H
#define CNNC_FAKE_QUANTIZE_F32_H

#include "cnnc_common.h"

struct cnnc_fake_quantize_f32_parameters {
    int32_t size;
    float scale;
    int32_t minimum; /* -128 - zero point */
    int32_t maximum; /* 127 - zero point */
};

CNNC_KERNEL float cnnc_fake_quantize_element(const struct cnnc_fake_quantize_f32_parameters *p,
                                             float real) {
    const float low = (float)p->minimum;
    const float high = (float)p->maximum;
    const float scaled = real / p->scale;
    /* Written so that NaN becomes a bound: a cast of it would be undefined. */
    const float raised = scaled > low ? scaled : low;
    const float bounded = raised < high ? raised : high;
    const int32_t whole = (int32_t)bounded;
    const float rest = bounded - (float)whole;
    const int32_t odd = whole % 2 != 0 ? 1 : 0;
    int32_t steps = whole;
    steps += rest > 0.5f || (rest == 0.5f && odd != 0) ? 1 : 0;
    steps -= rest < -0.5f || (rest == -0.5f && odd != 0) ? 1 : 0;
    return (float)steps * p->scale;
}

CNNC_KERNEL void cnnc_fake_quantize_f32(const struct cnnc_fake_quantize_f32_parameters *p,
                                        const float *input, float *output) {
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = cnnc_fake_quantize_element(p, input[i]);
    }
}

#endif

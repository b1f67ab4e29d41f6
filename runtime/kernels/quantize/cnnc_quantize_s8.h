/* SPDX-License-Identifier: MIT-0 */
/* Real numbers to int8: x / scale to the nearest integer, ties away from zero. */
#ifndef CNNC_QUANTIZE_S8_H
#define CNNC_QUANTIZE_S8_H

#include "cnnc_common.h"

struct cnnc_quantize_s8_parameters {
    int32_t size;
    float scale;
    int32_t zero_point;
};

CNNC_KERNEL int8_t cnnc_quantize_element(const struct cnnc_quantize_s8_parameters *p, float real) {
    const float scaled = real / p->scale;
    /* Far beyond int8, and false for NaN: a cast of such a number would be undefined. */
    const float raised = scaled > -1024.0f ? scaled : -1024.0f;
    const float bounded = raised < 1024.0f ? raised : 1024.0f;
    const int32_t whole = (int32_t)bounded;
    const float rest = bounded - (float)whole;
    int32_t q = whole + p->zero_point;
    q += rest >= 0.5f ? 1 : 0;
    q -= rest <= -0.5f ? 1 : 0;
    q = q < -128 ? -128 : q;
    return (int8_t)(q > 127 ? 127 : q);
}

CNNC_KERNEL void cnnc_quantize_s8(const struct cnnc_quantize_s8_parameters *p,
                                  const float *CNNC_RESTRICT input, int8_t *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = cnnc_quantize_element(p, input[i]);
    }
}

#endif

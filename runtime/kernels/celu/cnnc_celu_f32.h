/* SPDX-License-Identifier: MIT-0 */
/* x, below zero alpha (exp(x / alpha) - 1) of every real number; output may be input. */
#ifndef CNNC_CELU_F32_H
#define CNNC_CELU_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_celu_of(float x, const struct cnnc_unary_f32_parameters *p) {
    return x < 0.0f ? p->alpha * cnnc_float_expm1(x / p->alpha) : x;
}

CNNC_KERNEL void cnnc_celu_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                               float *output) {
    cnnc_unary_f32(p, input, output, cnnc_celu_of);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* gamma x, below zero gamma alpha (exp(x) - 1) of every real number; output may be input. */
#ifndef CNNC_SELU_F32_H
#define CNNC_SELU_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_selu_of(float x, const struct cnnc_unary_f32_parameters *p) {
    return p->beta * (x < 0.0f ? p->alpha * cnnc_float_expm1(x) : x);
}

CNNC_KERNEL void cnnc_selu_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                               float *output) {
    cnnc_unary_f32(p, input, output, cnnc_selu_of);
}

#endif

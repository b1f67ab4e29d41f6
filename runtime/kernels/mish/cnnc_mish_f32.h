/* SPDX-License-Identifier: MIT-0 */
/* x tanh(log(1 + exp(x))) of every real number; output may be input. */
#ifndef CNNC_MISH_F32_H
#define CNNC_MISH_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_mish_of(float x, const struct cnnc_unary_f32_parameters *p) {
    const float e = cnnc_float_exp(-cnnc_float_abs(x));
    (void)p;
    return x < 0.0f ? x * ((e * e + 2.0f * e) / (e * e + 2.0f * e + 2.0f))
                    : x * ((1.0f + 2.0f * e) / (1.0f + 2.0f * e + 2.0f * (e * e)));
}

CNNC_KERNEL void cnnc_mish_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                               float *output) {
    cnnc_unary_f32(p, input, output, cnnc_mish_of);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* x (1 + erf(x / sqrt(2))) / 2 of every real number; output may be input. */
#ifndef CNNC_GELU_F32_H
#define CNNC_GELU_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_gelu_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return 0.5f * x * (1.0f + cnnc_float_erf(x * 0.707106769f));
}

CNNC_KERNEL void cnnc_gelu_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                               float *output) {
    cnnc_unary_f32(p, input, output, cnnc_gelu_of);
}

#endif

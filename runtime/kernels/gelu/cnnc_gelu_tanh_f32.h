/* SPDX-License-Identifier: MIT-0 */
/* The approximation x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 of every real number; output
 * may be input. */
#ifndef CNNC_GELU_TANH_F32_H
#define CNNC_GELU_TANH_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_gelu_tanh_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return 0.5f * x * (1.0f + cnnc_float_tanh(0.797884583f * (x + 0.0447149985f * (x * x * x))));
}

CNNC_KERNEL void cnnc_gelu_tanh_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                    float *output) {
    cnnc_unary_f32(p, input, output, cnnc_gelu_tanh_of);
}

#endif

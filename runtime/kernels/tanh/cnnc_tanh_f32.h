/* SPDX-License-Identifier: MIT-0 */
/* The hyperbolic tangent of every real number; output may be input. */
#ifndef CNNC_TANH_F32_H
#define CNNC_TANH_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_tanh_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return cnnc_float_tanh(x);
}

CNNC_KERNEL void cnnc_tanh_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                               float *output) {
    cnnc_unary_f32(p, input, output, cnnc_tanh_of);
}

#endif

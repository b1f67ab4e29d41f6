/* SPDX-License-Identifier: MIT-0 */
/* log(1 + exp(x)) of every real number; output may be input. */
#ifndef CNNC_SOFTPLUS_F32_H
#define CNNC_SOFTPLUS_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_softplus_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return (x > 0.0f ? x : 0.0f) + cnnc_float_log1p(cnnc_float_exp(-cnnc_float_abs(x)));
}

CNNC_KERNEL void cnnc_softplus_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                   float *output) {
    cnnc_unary_f32(p, input, output, cnnc_softplus_of);
}

#endif

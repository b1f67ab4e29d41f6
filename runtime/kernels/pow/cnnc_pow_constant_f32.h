/* SPDX-License-Identifier: MIT-0 */
/* Every real number to the power of alpha; output may be input. */
#ifndef CNNC_POW_CONSTANT_F32_H
#define CNNC_POW_CONSTANT_F32_H

#include "cnnc_float_pow.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_pow_constant_of(float x, const struct cnnc_unary_f32_parameters *p) {
    if (p->alpha == 2.0f) {
        return x * x;
    }
    return p->alpha == 3.0f ? x * x * x : cnnc_float_pow(x, p->alpha);
}

CNNC_KERNEL void cnnc_pow_constant_f32(const struct cnnc_unary_f32_parameters *p,
                                       const float *input, float *output) {
    cnnc_unary_f32(p, input, output, cnnc_pow_constant_of);
}

#endif

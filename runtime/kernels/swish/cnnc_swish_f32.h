/* SPDX-License-Identifier: MIT-0 */
/* x / (1 + exp(-alpha x)) of every real number; output may be input. */
#ifndef CNNC_SWISH_F32_H
#define CNNC_SWISH_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_swish_of(float x, const struct cnnc_unary_f32_parameters *p) {
    return x * cnnc_float_sigmoid(p->alpha * x);
}

CNNC_KERNEL void cnnc_swish_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                float *output) {
    cnnc_unary_f32(p, input, output, cnnc_swish_of);
}

#endif

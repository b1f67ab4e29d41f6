/* SPDX-License-Identifier: MIT-0 */
/* alpha x + beta, within 0 .. 1 of every real number; output may be input. */
#ifndef CNNC_HARD_SIGMOID_F32_H
#define CNNC_HARD_SIGMOID_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_hard_sigmoid_of(float x, const struct cnnc_unary_f32_parameters *p) {
    return cnnc_float_clamp(p->alpha * x + p->beta, 0.0f, 1.0f);
}

CNNC_KERNEL void cnnc_hard_sigmoid_f32(const struct cnnc_unary_f32_parameters *p,
                                       const float *input, float *output) {
    cnnc_unary_f32(p, input, output, cnnc_hard_sigmoid_of);
}

#endif

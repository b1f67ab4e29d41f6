/* SPDX-License-Identifier: MIT-0 */
/* 1 / x of every real number; output may be input. */
#ifndef CNNC_RECIPROCAL_F32_H
#define CNNC_RECIPROCAL_F32_H

#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_reciprocal_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return 1.0f / x;
}

CNNC_KERNEL void cnnc_reciprocal_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                     float *output) {
    cnnc_unary_f32(p, input, output, cnnc_reciprocal_of);
}

#endif

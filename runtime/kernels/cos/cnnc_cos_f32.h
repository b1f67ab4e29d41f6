/* SPDX-License-Identifier: MIT-0 */
/* The cosine of every real number; output may be input. */
#ifndef CNNC_COS_F32_H
#define CNNC_COS_F32_H

#include "cnnc_float_trigonometry.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_cos_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return cnnc_float_cos(x);
}

CNNC_KERNEL void cnnc_cos_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                              float *output) {
    cnnc_unary_f32(p, input, output, cnnc_cos_of);
}

#endif

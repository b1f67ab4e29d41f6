/* SPDX-License-Identifier: MIT-0 */
/* 1 above zero, -1 below, else x itself of every real number; output may be input. */
#ifndef CNNC_SIGN_F32_H
#define CNNC_SIGN_F32_H

#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_sign_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
}

CNNC_KERNEL void cnnc_sign_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                               float *output) {
    cnnc_unary_f32(p, input, output, cnnc_sign_of);
}

#endif

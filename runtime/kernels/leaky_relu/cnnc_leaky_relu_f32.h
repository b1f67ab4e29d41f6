/* SPDX-License-Identifier: MIT-0 */
/* x, below zero alpha x of every real number; output may be input. */
#ifndef CNNC_LEAKY_RELU_F32_H
#define CNNC_LEAKY_RELU_F32_H

#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_leaky_relu_of(float x, const struct cnnc_unary_f32_parameters *p) {
    return x < 0.0f ? p->alpha * x : x;
}

CNNC_KERNEL void cnnc_leaky_relu_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                     float *output) {
    cnnc_unary_f32(p, input, output, cnnc_leaky_relu_of);
}

#endif

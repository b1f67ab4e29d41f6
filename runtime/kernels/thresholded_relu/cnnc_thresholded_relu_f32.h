/* SPDX-License-Identifier: MIT-0 */
/* x where it is above alpha, else 0 of every real number; output may be input. */
#ifndef CNNC_THRESHOLDED_RELU_F32_H
#define CNNC_THRESHOLDED_RELU_F32_H

#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_thresholded_relu_of(float x, const struct cnnc_unary_f32_parameters *p) {
    return x > p->alpha ? x : 0.0f;
}

CNNC_KERNEL void cnnc_thresholded_relu_f32(const struct cnnc_unary_f32_parameters *p,
                                           const float *input, float *output) {
    cnnc_unary_f32(p, input, output, cnnc_thresholded_relu_of);
}

#endif

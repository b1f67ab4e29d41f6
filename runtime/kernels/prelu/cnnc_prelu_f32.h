/* SPDX-License-Identifier: MIT-0 */
/* Real numbers, below zero multiplied by a slope, which broadcasts; output may be input. */
#ifndef CNNC_PRELU_F32_H
#define CNNC_PRELU_F32_H

#include "cnnc_binary_f32.h"

CNNC_KERNEL float cnnc_prelu_of(float x, float slope) { return x < 0.0f ? slope * x : x; }

CNNC_KERNEL void cnnc_prelu_f32(const struct cnnc_binary_f32_parameters *p, const float *input,
                                const float *slope, float *output) {
    cnnc_binary_f32(p, input, slope, output, cnnc_prelu_of);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The sine of every real number; output may be input. */
#ifndef CNNC_SIN_F32_H
#define CNNC_SIN_F32_H

#include "cnnc_float_trigonometry.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_sin_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return cnnc_float_sin(x);
}

CNNC_KERNEL void cnnc_sin_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                              float *output) {
    cnnc_unary_f32(p, input, output, cnnc_sin_of);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The error function of every real number; output may be input. */
#ifndef CNNC_ERF_F32_H
#define CNNC_ERF_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_erf_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return cnnc_float_erf(x);
}

CNNC_KERNEL void cnnc_erf_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                              float *output) {
    cnnc_unary_f32(p, input, output, cnnc_erf_of);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* |x| of every real number; output may be input. */
#ifndef CNNC_ABS_F32_H
#define CNNC_ABS_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_abs_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return cnnc_float_abs(x);
}

CNNC_KERNEL void cnnc_abs_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                              float *output) {
    cnnc_unary_f32(p, input, output, cnnc_abs_of);
}

#endif

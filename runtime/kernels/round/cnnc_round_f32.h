/* SPDX-License-Identifier: MIT-0 */
/* The nearest integer, ties to even of every real number; output may be input. */
#ifndef CNNC_ROUND_F32_H
#define CNNC_ROUND_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_round_of(float x, const struct cnnc_unary_f32_parameters *p) {
    const float size = cnnc_float_abs(x);
    (void)p;
    return size < 8388608.0f ? cnnc_float_copy_sign((size + 8388608.0f) - 8388608.0f, x) : x;
}

CNNC_KERNEL void cnnc_round_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                float *output) {
    cnnc_unary_f32(p, input, output, cnnc_round_of);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The greatest integer that is not above x, of every real number; output may be input. */
#ifndef CNNC_FLOOR_F32_H
#define CNNC_FLOOR_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_floor_of(float x, const struct cnnc_unary_f32_parameters *p) {
    const float size = cnnc_float_abs(x);
    const float whole = (float)(int32_t)(size < 8388608.0f ? x : 0.0f);
    (void)p;
    return size < 8388608.0f ? cnnc_float_copy_sign(whole > x ? whole - 1.0f : whole, x) : x;
}

CNNC_KERNEL void cnnc_floor_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                float *output) {
    cnnc_unary_f32(p, input, output, cnnc_floor_of);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* -x of every real number; output may be input. */
#ifndef CNNC_NEG_F32_H
#define CNNC_NEG_F32_H

#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_neg_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return -x;
}

CNNC_KERNEL void cnnc_neg_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                              float *output) {
    cnnc_unary_f32(p, input, output, cnnc_neg_of);
}

#endif

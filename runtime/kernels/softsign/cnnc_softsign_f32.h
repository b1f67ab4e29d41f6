/* SPDX-License-Identifier: MIT-0 */
/* x / (1 + |x|) of every real number; output may be input. */
#ifndef CNNC_SOFTSIGN_F32_H
#define CNNC_SOFTSIGN_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_softsign_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return x / (1.0f + cnnc_float_abs(x));
}

CNNC_KERNEL void cnnc_softsign_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                   float *output) {
    cnnc_unary_f32(p, input, output, cnnc_softsign_of);
}

#endif

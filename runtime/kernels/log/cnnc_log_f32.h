/* SPDX-License-Identifier: MIT-0 */
/* The natural logarithm of every real number; output may be input. */
#ifndef CNNC_LOG_F32_H
#define CNNC_LOG_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_log_of(float x, const struct cnnc_unary_f32_parameters *p) {
    (void)p;
    return cnnc_float_log(x);
}

CNNC_KERNEL void cnnc_log_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                              float *output) {
    cnnc_unary_f32(p, input, output, cnnc_log_of);
}

#endif

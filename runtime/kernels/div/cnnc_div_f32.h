/* SPDX-License-Identifier: MIT-0 */
/* Quotients of real numbers of two tensors that broadcast together. */
#ifndef CNNC_DIV_F32_H
#define CNNC_DIV_F32_H

#include "cnnc_binary_f32.h"

CNNC_KERNEL float cnnc_div_floats(float first, float second) { return first / second; }

CNNC_KERNEL void cnnc_div_f32(const struct cnnc_binary_f32_parameters *p, const float *first,
                              const float *second, float *output) {
    cnnc_binary_f32(p, first, second, output, cnnc_div_floats);
}

#endif

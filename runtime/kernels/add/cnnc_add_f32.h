/* SPDX-License-Identifier: MIT-0 */
/* Sums of real numbers of two tensors that broadcast together. */
#ifndef CNNC_ADD_F32_H
#define CNNC_ADD_F32_H

#include "cnnc_binary_f32.h"

CNNC_KERNEL float cnnc_add_floats(float first, float second) { return first + second; }

CNNC_KERNEL void cnnc_add_f32(const struct cnnc_binary_f32_parameters *p, const float *first,
                              const float *second, float *output) {
    cnnc_binary_f32(p, first, second, output, cnnc_add_floats);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Differences of real numbers of two tensors that broadcast together. */
#ifndef CNNC_SUB_F32_H
#define CNNC_SUB_F32_H

#include "cnnc_binary_f32.h"

CNNC_KERNEL float cnnc_sub_floats(float first, float second) { return first - second; }

CNNC_KERNEL void cnnc_sub_f32(const struct cnnc_binary_f32_parameters *p, const float *first,
                              const float *second, float *output) {
    cnnc_binary_f32(p, first, second, output, cnnc_sub_floats);
}

#endif

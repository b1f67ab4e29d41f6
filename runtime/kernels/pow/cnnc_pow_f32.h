/* SPDX-License-Identifier: MIT-0 */
/* Powers of real numbers of two tensors that broadcast together. */
#ifndef CNNC_POW_F32_H
#define CNNC_POW_F32_H

#include "cnnc_binary_f32.h"
#include "cnnc_float_pow.h"

CNNC_KERNEL void cnnc_pow_f32(const struct cnnc_binary_f32_parameters *p, const float *first,
                              const float *second, float *output) {
    cnnc_binary_f32(p, first, second, output, cnnc_float_pow);
}

#endif

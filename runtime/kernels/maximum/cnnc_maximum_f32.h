/* SPDX-License-Identifier: MIT-0 */
/* The larger ones of real numbers of two tensors that broadcast together. */
#ifndef CNNC_MAXIMUM_F32_H
#define CNNC_MAXIMUM_F32_H

#include "cnnc_binary_f32.h"

CNNC_KERNEL float cnnc_maximum_floats(float first, float second) {
    if (cnnc_float_is_nan(first) || cnnc_float_is_nan(second)) {
        return cnnc_float_nan();
    }
    return first > second ? first : second;
}

CNNC_KERNEL void cnnc_maximum_f32(const struct cnnc_binary_f32_parameters *p, const float *first,
                                  const float *second, float *output) {
    cnnc_binary_f32(p, first, second, output, cnnc_maximum_floats);
}

#endif

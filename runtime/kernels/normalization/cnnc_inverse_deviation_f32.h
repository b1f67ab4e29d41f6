/* SPDX-License-Identifier: MIT-0 */
/* 1 over the standard deviation of real numbers over some axes. */
#ifndef CNNC_INVERSE_DEVIATION_F32_H
#define CNNC_INVERSE_DEVIATION_F32_H

#include "cnnc_normalization_f32.h"

/* input: all axes, output: the kept axes. */
CNNC_KERNEL void cnnc_inverse_deviation_f32(const struct cnnc_normalization_f32_parameters *p,
                                            const float *CNNC_RESTRICT input,
                                            float *CNNC_RESTRICT output) {
    const struct cnnc_normalization_axes axes = cnnc_normalization_kept(p);
    const int32_t groups =
        p->kept_extent_0 * p->kept_extent_1 * p->kept_extent_2 * p->kept_extent_3;
    for (int32_t i = 0; i < groups; i++) {
        const float *group = input + cnnc_normalization_offset(axes, i);
        const float mean = p->is_centered ? cnnc_normalization_mean(p, group, 0.0f, 0) : 0.0f;
        output[i] = cnnc_normalization_inverse(p, group, mean);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Mean of real numbers over any axes, up to three kept and three reduced ones after merging. */
#ifndef CNNC_MEAN_STRIDED_F32_H
#define CNNC_MEAN_STRIDED_F32_H

#include "cnnc_common.h"

/* Strides are steps in the input; axes that are not needed have extent 1. */
struct cnnc_mean_strided_f32_parameters {
    int32_t kept_extent_0;
    int32_t kept_extent_1;
    int32_t kept_extent_2;
    int32_t kept_stride_0;
    int32_t kept_stride_1;
    int32_t kept_stride_2;
    int32_t reduced_extent_0;
    int32_t reduced_extent_1;
    int32_t reduced_extent_2;
    int32_t reduced_stride_0;
    int32_t reduced_stride_1;
    int32_t reduced_stride_2;
};

/* One element of the output from the reduced elements that start at `input`, summed in order. */
CNNC_KERNEL float cnnc_mean_strided_element_f32(const struct cnnc_mean_strided_f32_parameters *p,
                                                const float *input) {
    const int32_t count = p->reduced_extent_0 * p->reduced_extent_1 * p->reduced_extent_2;
    float sum = 0.0f;
    for (int32_t i = 0; i < p->reduced_extent_0; i++) {
        for (int32_t j = 0; j < p->reduced_extent_1; j++) {
            const float *line = input + i * p->reduced_stride_0 + j * p->reduced_stride_1;
            for (int32_t k = 0; k < p->reduced_extent_2; k++) {
                sum += line[k * p->reduced_stride_2];
            }
        }
    }
    return sum / (float)count;
}

/* output: [kept_extent_0][kept_extent_1][kept_extent_2]. */
CNNC_KERNEL void cnnc_mean_strided_f32(const struct cnnc_mean_strided_f32_parameters *p,
                                       const float *CNNC_RESTRICT input,
                                       float *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->kept_extent_0; i++) {
        for (int32_t j = 0; j < p->kept_extent_1; j++) {
            const float *line = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_extent_2; k++) {
                *output++ = cnnc_mean_strided_element_f32(p, line + k * p->kept_stride_2);
            }
        }
    }
}

#endif

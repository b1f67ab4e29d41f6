/* SPDX-License-Identifier: MIT-0 */
/* Sum over any axes of the elements, of their magnitudes or of their squares. */
#ifndef CNNC_REDUCE_SUM_F32_H
#define CNNC_REDUCE_SUM_F32_H

#include "cnnc_common.h"

/* Strides are steps in the input; axes that are not needed have extent 1. */
struct cnnc_reduce_sum_f32_parameters {
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
    int32_t term; /* 0: x, 1: |x|, 2: x^2 */
};

CNNC_KERNEL float cnnc_reduce_sum_f32_term(const struct cnnc_reduce_sum_f32_parameters *p,
                                           float x) {
    if (p->term == 2) {
        return x * x;
    }
    return p->term == 1 && x < 0.0f ? -x : x;
}

/* One element of the output from the reduced elements that start at `input`. */
CNNC_KERNEL float cnnc_reduce_sum_f32_element(const struct cnnc_reduce_sum_f32_parameters *p,
                                              const float *input) {
    float sum = 0.0f;
    for (int32_t i = 0; i < p->reduced_extent_0; i++) {
        for (int32_t j = 0; j < p->reduced_extent_1; j++) {
            const float *line = input + i * p->reduced_stride_0 + j * p->reduced_stride_1;
            for (int32_t k = 0; k < p->reduced_extent_2; k++) {
                sum += cnnc_reduce_sum_f32_term(p, line[k * p->reduced_stride_2]);
            }
        }
    }
    return sum;
}

/* output: [kept_extent_0][kept_extent_1][kept_extent_2]. */
CNNC_KERNEL void cnnc_reduce_sum_f32(const struct cnnc_reduce_sum_f32_parameters *p,
                                     const float *CNNC_RESTRICT input,
                                     float *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->kept_extent_0; i++) {
        for (int32_t j = 0; j < p->kept_extent_1; j++) {
            const float *line = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_extent_2; k++) {
                *output++ = cnnc_reduce_sum_f32_element(p, line + k * p->kept_stride_2);
            }
        }
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Sum over any axes of the elements, of their magnitudes or of their squares. */
#ifndef CNNC_REDUCE_SUM_S8_H
#define CNNC_REDUCE_SUM_S8_H

#include "cnnc_fixed_point.h"

/* Strides are steps in the input; axes that are not needed have extent 1. */
struct cnnc_reduce_sum_s8_parameters {
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
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t multiplier; /* scale of the terms / output scale */
    int32_t shift;
};

CNNC_KERNEL int32_t cnnc_reduce_sum_s8_term(const struct cnnc_reduce_sum_s8_parameters *p,
                                            int32_t x) {
    if (p->term == 2) {
        return x * x;
    }
    return p->term == 1 && x < 0 ? -x : x;
}

/* One element of the output from the reduced elements that start at `input`. */
CNNC_KERNEL int8_t cnnc_reduce_sum_s8_element(const struct cnnc_reduce_sum_s8_parameters *p,
                                              const int8_t *input) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->reduced_extent_0; i++) {
        for (int32_t j = 0; j < p->reduced_extent_1; j++) {
            const int8_t *line = input + i * p->reduced_stride_0 + j * p->reduced_stride_1;
            for (int32_t k = 0; k < p->reduced_extent_2; k++) {
                sum +=
                    cnnc_reduce_sum_s8_term(p, line[k * p->reduced_stride_2] - p->input_zero_point);
            }
        }
    }
    return cnnc_requantize_s8(sum, p->multiplier, p->shift, p->output_zero_point, -128, 127);
}

/* output: [kept_extent_0][kept_extent_1][kept_extent_2]. */
CNNC_KERNEL void cnnc_reduce_sum_s8(const struct cnnc_reduce_sum_s8_parameters *p,
                                    const int8_t *CNNC_RESTRICT input,
                                    int8_t *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->kept_extent_0; i++) {
        for (int32_t j = 0; j < p->kept_extent_1; j++) {
            const int8_t *line = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_extent_2; k++) {
                *output++ = cnnc_reduce_sum_s8_element(p, line + k * p->kept_stride_2);
            }
        }
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Mean over any axes, up to three kept and three reduced ones after neighbours are merged. */
#ifndef CNNC_MEAN_STRIDED_S8_H
#define CNNC_MEAN_STRIDED_S8_H

#include "cnnc_fixed_point.h"

/* Strides are steps in the input; axes that are not needed have extent 1. */
struct cnnc_mean_strided_s8_parameters {
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
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t multiplier; /* input scale / output scale / number of reduced elements */
    int32_t shift;
};

/* One element of the output from the reduced elements that start at `input`. */
CNNC_KERNEL int8_t cnnc_mean_strided_element(const struct cnnc_mean_strided_s8_parameters *p,
                                             const int8_t *input) {
    const int32_t count = p->reduced_extent_0 * p->reduced_extent_1 * p->reduced_extent_2;
    int32_t sum = 0;
    for (int32_t i = 0; i < p->reduced_extent_0; i++) {
        for (int32_t j = 0; j < p->reduced_extent_1; j++) {
            const int8_t *line = input + i * p->reduced_stride_0 + j * p->reduced_stride_1;
            for (int32_t k = 0; k < p->reduced_extent_2; k++) {
                sum += line[k * p->reduced_stride_2];
            }
        }
    }
    return cnnc_requantize_s8(sum - p->input_zero_point * count, p->multiplier, p->shift,
                              p->output_zero_point, -128, 127);
}

/* output: [kept_extent_0][kept_extent_1][kept_extent_2]. */
CNNC_KERNEL void cnnc_mean_strided_s8(const struct cnnc_mean_strided_s8_parameters *p,
                                      const int8_t *CNNC_RESTRICT input,
                                      int8_t *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->kept_extent_0; i++) {
        for (int32_t j = 0; j < p->kept_extent_1; j++) {
            const int8_t *line = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_extent_2; k++) {
                *output++ = cnnc_mean_strided_element(p, line + k * p->kept_stride_2);
            }
        }
    }
}

#endif

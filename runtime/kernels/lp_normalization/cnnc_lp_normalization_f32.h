/* SPDX-License-Identifier: MIT-0 */
/* Vectors along an axis divided by the sum of their magnitudes or by their length. */
#ifndef CNNC_LP_NORMALIZATION_F32_H
#define CNNC_LP_NORMALIZATION_F32_H

#include "cnnc_float_math.h"

struct cnnc_lp_normalization_f32_parameters {
    int32_t outer;   /* elements of the axes before the vectors' */
    int32_t reduced; /* elements of a vector */
    int32_t inner;   /* elements of the axes after it, and the step within a vector */
    int32_t power;   /* 1: sum of magnitudes, 2: length */
    float least;     /* least divisor */
};

/* One vector; output may be input. Zeros stay zeros. */
CNNC_KERNEL void cnnc_lp_normalization_vector(const struct cnnc_lp_normalization_f32_parameters *p,
                                              const float *input, float *output) {
    float sum = 0.0f;
    float norm;
    for (int32_t i = 0; i < p->reduced; i++) {
        const float x = input[i * p->inner];
        sum += p->power == 1 ? cnnc_float_abs(x) : x * x;
    }
    norm = p->power == 1 ? sum : cnnc_float_sqrt(sum);
    norm = norm < p->least ? p->least : norm;
    norm = norm > 0.0f ? norm : 1.0f;
    for (int32_t i = 0; i < p->reduced; i++) {
        output[i * p->inner] = input[i * p->inner] / norm;
    }
}

/* input and output, which may be the same: [outer][reduced][inner]. */
CNNC_KERNEL void cnnc_lp_normalization_f32(const struct cnnc_lp_normalization_f32_parameters *p,
                                           const float *input, float *output) {
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t inner = 0; inner < p->inner; inner++) {
            const int32_t first = outer * p->reduced * p->inner + inner;
            cnnc_lp_normalization_vector(p, input + first, output + first);
        }
    }
}

#endif

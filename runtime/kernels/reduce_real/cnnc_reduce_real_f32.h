/* SPDX-License-Identifier: MIT-0 */
/* Length, product or logarithm of a sum over any axes. */
#ifndef CNNC_REDUCE_REAL_F32_H
#define CNNC_REDUCE_REAL_F32_H

#include "cnnc_float_math.h"

/* Strides are steps in the input; axes that are not needed have extent 1. */
struct cnnc_reduce_real_f32_parameters {
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
    int32_t function; /* 0: length, 1: product, 2: log of the sum, 3: log of the sum of exp */
};

/* What the elements are joined to: a sum, for functions other than the product. */
CNNC_KERNEL float cnnc_reduce_real_joined(const struct cnnc_reduce_real_f32_parameters *p,
                                          float joined, float x, float maximum) {
    if (p->function == 0) {
        return joined + x * x;
    }
    if (p->function == 1) {
        return joined * x;
    }
    return joined + (p->function == 2 ? x : cnnc_float_exp(x - maximum));
}

/* Elements are counted in the order of memory. */
CNNC_KERNEL float cnnc_reduce_real_element_at(const struct cnnc_reduce_real_f32_parameters *p,
                                              const float *input, int32_t index) {
    const int32_t line = index / p->reduced_extent_2;
    return input[line / p->reduced_extent_1 * p->reduced_stride_0 +
                 line % p->reduced_extent_1 * p->reduced_stride_1 +
                 index % p->reduced_extent_2 * p->reduced_stride_2];
}

CNNC_KERNEL float cnnc_reduce_real_maximum(const struct cnnc_reduce_real_f32_parameters *p,
                                           const float *input, int32_t count) {
    float maximum = input[0];
    for (int32_t i = 1; i < count; i++) {
        const float x = cnnc_reduce_real_element_at(p, input, i);
        maximum = x > maximum ? x : maximum;
    }
    return maximum;
}

/* One element of the output from the reduced elements that start at `input`. */
CNNC_KERNEL float cnnc_reduce_real_element(const struct cnnc_reduce_real_f32_parameters *p,
                                           const float *input) {
    const int32_t count = p->reduced_extent_0 * p->reduced_extent_1 * p->reduced_extent_2;
    const float maximum = p->function == 3 ? cnnc_reduce_real_maximum(p, input, count) : 0.0f;
    float joined = p->function == 1 ? 1.0f : 0.0f;
    for (int32_t i = 0; i < count; i++) {
        const float x = cnnc_reduce_real_element_at(p, input, i);
        joined = cnnc_reduce_real_joined(p, joined, x, maximum);
    }
    if (p->function == 0) {
        return cnnc_float_sqrt(joined);
    }
    if (p->function == 1) {
        return joined;
    }
    return p->function == 2 ? cnnc_float_log(joined) : maximum + cnnc_float_log(joined);
}

/* output: [kept_extent_0][kept_extent_1][kept_extent_2]. */
CNNC_KERNEL void cnnc_reduce_real_f32(const struct cnnc_reduce_real_f32_parameters *p,
                                      const float *CNNC_RESTRICT input,
                                      float *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->kept_extent_0; i++) {
        for (int32_t j = 0; j < p->kept_extent_1; j++) {
            const float *line = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_extent_2; k++) {
                *output++ = cnnc_reduce_real_element(p, line + k * p->kept_stride_2);
            }
        }
    }
}

#endif

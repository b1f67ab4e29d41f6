/* SPDX-License-Identifier: MIT-0 */
/* Apply a function to every real number of a tensor. */
#ifndef CNNC_UNARY_F32_H
#define CNNC_UNARY_F32_H

#include "cnnc_common.h"

struct cnnc_unary_f32_parameters {
    int32_t size; /* elements */
    float alpha;  /* what these two mean is up to the function */
    float beta;
};

typedef float (*cnnc_unary_function)(float x, const struct cnnc_unary_f32_parameters *p);

/* The function is a constant where this is called, and is inlined; output may be input. */
CNNC_KERNEL void cnnc_unary_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                                float *output, cnnc_unary_function function) {
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = function(input[i], p);
    }
}

#endif

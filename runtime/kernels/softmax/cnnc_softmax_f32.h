/* SPDX-License-Identifier: MIT-0 */
/* Softmax over contiguous rows of real numbers. */
#ifndef CNNC_SOFTMAX_F32_H
#define CNNC_SOFTMAX_F32_H

#include "cnnc_float_math.h"
#include "cnnc_row_maximum_f32.h"

struct cnnc_softmax_f32_parameters {
    int32_t rows;
    int32_t depth; /* elements of a row */
};

/* input, output: [rows][depth]; they may be the same memory. */
CNNC_KERNEL void cnnc_softmax_f32(const struct cnnc_softmax_f32_parameters *p, const float *input,
                                  float *output) {
    for (int32_t row = 0; row < p->rows; row++) {
        const float maximum = cnnc_row_maximum_f32(input, p->depth);
        float sum = 0.0f;
        for (int32_t i = 0; i < p->depth; i++) {
            output[i] = cnnc_float_exp(input[i] - maximum);
            sum += output[i];
        }
        for (int32_t i = 0; i < p->depth; i++) {
            output[i] /= sum;
        }
        input += p->depth;
        output += p->depth;
    }
}

#endif

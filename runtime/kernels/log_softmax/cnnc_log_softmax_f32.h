/* SPDX-License-Identifier: MIT-0 */
/* Logarithm of the softmax over contiguous rows of real numbers. */
#ifndef CNNC_LOG_SOFTMAX_F32_H
#define CNNC_LOG_SOFTMAX_F32_H

#include "cnnc_float_math.h"
#include "cnnc_row_maximum_f32.h"

struct cnnc_log_softmax_f32_parameters {
    int32_t rows;
    int32_t depth; /* elements of a row */
};

/* input, output: [rows][depth]; they may be the same memory. */
CNNC_KERNEL void cnnc_log_softmax_f32(const struct cnnc_log_softmax_f32_parameters *p,
                                      const float *input, float *output) {
    for (int32_t row = 0; row < p->rows; row++) {
        const float maximum = cnnc_row_maximum_f32(input, p->depth);
        float sum = 0.0f;
        for (int32_t i = 0; i < p->depth; i++) {
            output[i] = input[i] - maximum;
            sum += cnnc_float_exp(output[i]);
        }
        const float log_of_sum = cnnc_float_log(sum);
        for (int32_t i = 0; i < p->depth; i++) {
            output[i] -= log_of_sum;
        }
        input += p->depth;
        output += p->depth;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* 1 at the first largest element of each contiguous row of real numbers, 0 elsewhere. */
#ifndef CNNC_HARDMAX_F32_H
#define CNNC_HARDMAX_F32_H

#include "cnnc_common.h"

struct cnnc_hardmax_f32_parameters {
    int32_t rows;
    int32_t depth; /* elements of a row */
};

/* input, output: [rows][depth]; they may be the same memory. */
CNNC_KERNEL void cnnc_hardmax_f32(const struct cnnc_hardmax_f32_parameters *p, const float *input,
                                  float *output) {
    for (int32_t row = 0; row < p->rows; row++) {
        int32_t place = 0;
        for (int32_t i = 1; i < p->depth; i++) {
            place = input[i] > input[place] ? i : place;
        }
        for (int32_t i = 0; i < p->depth; i++) {
            output[i] = i == place ? 1.0f : 0.0f;
        }
        input += p->depth;
        output += p->depth;
    }
}

#endif

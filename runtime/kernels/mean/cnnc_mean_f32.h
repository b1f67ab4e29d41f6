/* SPDX-License-Identifier: MIT-0 */
/* Mean of real numbers over axes that are neighbours in memory: their sum in order, / number. */
#ifndef CNNC_MEAN_F32_H
#define CNNC_MEAN_F32_H

#include "cnnc_common.h"

struct cnnc_mean_f32_parameters {
    int32_t outer;   /* elements of the axes before the reduced ones */
    int32_t reduced; /* elements of the reduced axes */
    int32_t inner;   /* elements of the axes after them */
};

/* input: [reduced][inner], output: [inner], which holds the sums so far. */
CNNC_KERNEL void cnnc_mean_slice_f32(const struct cnnc_mean_f32_parameters *p,
                                     const float *CNNC_RESTRICT input,
                                     float *CNNC_RESTRICT output) {
    const float count = (float)p->reduced;
    for (int32_t i = 0; i < p->inner; i++) {
        output[i] = 0.0f;
    }
    for (int32_t r = 0; r < p->reduced; r++) {
        const float *values = input + r * p->inner;
        for (int32_t i = 0; i < p->inner; i++) {
            output[i] += values[i];
        }
    }
    for (int32_t i = 0; i < p->inner; i++) {
        output[i] /= count;
    }
}

/* input: [outer][reduced][inner], output: [outer][inner]. */
CNNC_KERNEL void cnnc_mean_f32(const struct cnnc_mean_f32_parameters *p,
                               const float *CNNC_RESTRICT input, float *CNNC_RESTRICT output) {
    for (int32_t outer = 0; outer < p->outer; outer++) {
        cnnc_mean_slice_f32(p, input + outer * p->reduced * p->inner, output + outer * p->inner);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Mean over axes that are neighbours in memory, rescaled to the output's own format. */
#ifndef CNNC_MEAN_S8_H
#define CNNC_MEAN_S8_H

#include "cnnc_fixed_point.h"

struct cnnc_mean_s8_parameters {
    int32_t outer;   /* elements of the axes before the reduced ones */
    int32_t reduced; /* elements of the reduced axes */
    int32_t inner;   /* elements of the axes after them */
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t multiplier; /* input scale / output scale / reduced */
    int32_t shift;
};

CNNC_KERNEL int8_t cnnc_mean_result(const struct cnnc_mean_s8_parameters *p, int32_t sum) {
    return cnnc_requantize_s8(sum - p->input_zero_point * p->reduced, p->multiplier, p->shift,
                              p->output_zero_point, -128, 127);
}

/* input: [reduced][inner], output: [inner]; four at a time keep the sums in registers. */
CNNC_KERNEL void cnnc_mean_slice(const struct cnnc_mean_s8_parameters *p,
                                 const int8_t *CNNC_RESTRICT input, int8_t *CNNC_RESTRICT output) {
    int32_t i = 0;
    for (; i + 4 <= p->inner; i += 4) {
        int32_t sum_0 = 0;
        int32_t sum_1 = 0;
        int32_t sum_2 = 0;
        int32_t sum_3 = 0;
        for (int32_t r = 0; r < p->reduced; r++) {
            const int8_t *group = input + r * p->inner + i;
            sum_0 += group[0];
            sum_1 += group[1];
            sum_2 += group[2];
            sum_3 += group[3];
        }
        output[i] = cnnc_mean_result(p, sum_0);
        output[i + 1] = cnnc_mean_result(p, sum_1);
        output[i + 2] = cnnc_mean_result(p, sum_2);
        output[i + 3] = cnnc_mean_result(p, sum_3);
    }
    for (; i < p->inner; i++) {
        int32_t sum = 0;
        for (int32_t r = 0; r < p->reduced; r++) {
            sum += input[r * p->inner + i];
        }
        output[i] = cnnc_mean_result(p, sum);
    }
}

/* input: [outer][reduced][inner], output: [outer][inner]. */
CNNC_KERNEL void cnnc_mean_s8(const struct cnnc_mean_s8_parameters *p,
                              const int8_t *CNNC_RESTRICT input, int8_t *CNNC_RESTRICT output) {
    for (int32_t outer = 0; outer < p->outer; outer++) {
        cnnc_mean_slice(p, input + outer * p->reduced * p->inner, output + outer * p->inner);
    }
}

#endif

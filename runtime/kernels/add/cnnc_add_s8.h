/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors of one shape; output may be either operand. */
#ifndef CNNC_ADD_S8_H
#define CNNC_ADD_S8_H

#include "cnnc_fixed_point.h"

struct cnnc_add_s8_parameters {
    int32_t size; /* elements */
    int32_t first_zero_point;
    int32_t first_multiplier; /* first scale over twice the larger scale, at most 1/2 */
    int32_t first_shift;
    int32_t second_zero_point;
    int32_t second_multiplier; /* second scale over twice the larger scale */
    int32_t second_shift;
    int32_t output_zero_point;
    int32_t output_multiplier; /* twice the larger scale over 2^20 output scales */
    int32_t output_shift;
    int32_t minimum;
    int32_t maximum;
};

/* The operand at the common scale, with 20 fraction bits: below 2^27. */
CNNC_KERNEL int32_t cnnc_add_first(const struct cnnc_add_s8_parameters *p, int8_t first) {
    const int32_t distance = first - p->first_zero_point;
    return cnnc_rescale(distance * 1048576, p->first_multiplier, p->first_shift);
}

CNNC_KERNEL int32_t cnnc_add_second(const struct cnnc_add_s8_parameters *p, int8_t second) {
    const int32_t distance = second - p->second_zero_point;
    return cnnc_rescale(distance * 1048576, p->second_multiplier, p->second_shift);
}

CNNC_KERNEL int8_t cnnc_add_output(const struct cnnc_add_s8_parameters *p, int32_t sum) {
    return cnnc_requantize_s8(sum, p->output_multiplier, p->output_shift, p->output_zero_point,
                              p->minimum, p->maximum);
}

CNNC_KERNEL void cnnc_add_s8(const struct cnnc_add_s8_parameters *p, const int8_t *first,
                             const int8_t *second, int8_t *output) {
    for (int32_t i = 0; i < p->size; i++) {
        const int32_t sum = cnnc_add_first(p, first[i]) + cnnc_add_second(p, second[i]);
        output[i] = cnnc_add_output(p, sum);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Elementwise product of two tensors of one shape; output may be either operand. */
#ifndef CNNC_MUL_S8_H
#define CNNC_MUL_S8_H

#include "cnnc_fixed_point.h"

struct cnnc_mul_s8_parameters {
    int32_t size; /* elements */
    int32_t first_zero_point;
    int32_t second_zero_point;
    int32_t output_zero_point;
    int32_t multiplier; /* first scale times second scale over output scale */
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* Product of two distances from the zero points, as output. */
CNNC_KERNEL int8_t cnnc_mul_output(const struct cnnc_mul_s8_parameters *p, int32_t product) {
    return cnnc_requantize_s8(product, p->multiplier, p->shift, p->output_zero_point, p->minimum,
                              p->maximum);
}

CNNC_KERNEL void cnnc_mul_s8(const struct cnnc_mul_s8_parameters *p, const int8_t *first,
                             const int8_t *second, int8_t *output) {
    for (int32_t i = 0; i < p->size; i++) {
        const int32_t product =
            (first[i] - p->first_zero_point) * (second[i] - p->second_zero_point);
        output[i] = cnnc_mul_output(p, product);
    }
}

#endif

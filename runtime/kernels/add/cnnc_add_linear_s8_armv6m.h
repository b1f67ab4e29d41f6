/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors of one shape in 32-bit arithmetic; output may be either operand.
 */
#ifndef CNNC_ADD_LINEAR_S8_ARMV6M_H
#define CNNC_ADD_LINEAR_S8_ARMV6M_H

#include "cnnc_fixed_point.h"

struct cnnc_add_linear_s8_armv6m_parameters {
    int32_t size; /* elements */
    int32_t first_factor;
    int32_t second_factor;
    int32_t offset;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* output = clamp((first * first_factor + second * second_factor + offset) >> shift), where the sum
 * is in int32 for all operands. */
CNNC_KERNEL void cnnc_add_linear_s8_armv6m(const struct cnnc_add_linear_s8_armv6m_parameters *p,
                                           const int8_t *first, const int8_t *second,
                                           int8_t *output) {
    for (int32_t i = 0; i < p->size; ++i) {
        const int32_t sum = first[i] * p->first_factor + second[i] * p->second_factor + p->offset;
        output[i] = cnnc_clamp_s8(sum >> p->shift, p->minimum, p->maximum);
    }
}

#endif

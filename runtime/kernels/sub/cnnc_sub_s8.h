/* SPDX-License-Identifier: MIT-0 */
/* Elementwise difference of two tensors of one shape; output may be either operand. */
#ifndef CNNC_SUB_S8_H
#define CNNC_SUB_S8_H

#include "cnnc_add_s8.h"

CNNC_KERNEL void cnnc_sub_s8(const struct cnnc_add_s8_parameters *p, const int8_t *first,
                             const int8_t *second, int8_t *output) {
    for (int32_t i = 0; i < p->size; i++) {
        const int32_t difference = cnnc_add_first(p, first[i]) - cnnc_add_second(p, second[i]);
        output[i] = cnnc_add_output(p, difference);
    }
}

#endif

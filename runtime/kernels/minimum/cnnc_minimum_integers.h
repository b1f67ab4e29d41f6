/* SPDX-License-Identifier: MIT-0 */
/* The smaller ones of integers of two tensors that broadcast together. */
#ifndef CNNC_MINIMUM_INTEGERS_H
#define CNNC_MINIMUM_INTEGERS_H

#include "cnnc_binary_integers.h"

CNNC_KERNEL int64_t cnnc_minimum_numbers(int64_t first, int64_t second) {
    return first < second ? first : second;
}

CNNC_KERNEL void cnnc_minimum_integers(const struct cnnc_binary_integers_parameters *p,
                                       const void *first, const void *second, void *output) {
    cnnc_binary_integers(p, first, second, output, cnnc_minimum_numbers);
}

#endif

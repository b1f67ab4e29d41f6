/* SPDX-License-Identifier: MIT-0 */
/* Sums of integers, which wrap around, of two tensors that broadcast together. */
#ifndef CNNC_ADD_INTEGERS_H
#define CNNC_ADD_INTEGERS_H

#include "cnnc_binary_integers.h"

CNNC_KERNEL int64_t cnnc_add_numbers(int64_t first, int64_t second) { return first + second; }

CNNC_KERNEL void cnnc_add_integers(const struct cnnc_binary_integers_parameters *p,
                                   const void *first, const void *second, void *output) {
    cnnc_binary_integers(p, first, second, output, cnnc_add_numbers);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Differences of integers, which wrap around, of two tensors that broadcast together. */
#ifndef CNNC_SUB_INTEGERS_H
#define CNNC_SUB_INTEGERS_H

#include "cnnc_binary_integers.h"

CNNC_KERNEL int64_t cnnc_sub_numbers(int64_t first, int64_t second) { return first - second; }

CNNC_KERNEL void cnnc_sub_integers(const struct cnnc_binary_integers_parameters *p,
                                   const void *first, const void *second, void *output) {
    cnnc_binary_integers(p, first, second, output, cnnc_sub_numbers);
}

#endif

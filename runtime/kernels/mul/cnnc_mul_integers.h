/* SPDX-License-Identifier: MIT-0 */
/* Products of integers, which wrap around, of two tensors that broadcast together. */
#ifndef CNNC_MUL_INTEGERS_H
#define CNNC_MUL_INTEGERS_H

#include "cnnc_binary_integers.h"

CNNC_KERNEL int64_t cnnc_mul_numbers(int64_t first, int64_t second) {
    return (int64_t)((uint64_t)first * (uint64_t)second);
}

CNNC_KERNEL void cnnc_mul_integers(const struct cnnc_binary_integers_parameters *p,
                                   const void *first, const void *second, void *output) {
    cnnc_binary_integers(p, first, second, output, cnnc_mul_numbers);
}

#endif

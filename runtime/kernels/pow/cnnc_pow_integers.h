/* SPDX-License-Identifier: MIT-0 */
/* Powers of integers, which wrap around, of two tensors that broadcast together. */
#ifndef CNNC_POW_INTEGERS_H
#define CNNC_POW_INTEGERS_H

#include "cnnc_binary_integers.h"

/* Below exponent 0 the power is cut to an integer; it is 0 for base 0. */
CNNC_KERNEL int64_t cnnc_pow_numbers(int64_t base, int64_t exponent) {
    if (exponent < 0) {
        return base == 1 || (base == -1 && exponent % 2 == 0) ? 1 : base == -1 ? -1 : 0;
    }
    uint64_t result = 1;
    uint64_t factor = (uint64_t)base;
    for (; exponent > 0; exponent /= 2) {
        result *= exponent % 2 != 0 ? factor : 1u;
        factor *= factor;
    }
    return (int64_t)result;
}

CNNC_KERNEL void cnnc_pow_integers(const struct cnnc_binary_integers_parameters *p,
                                   const void *first, const void *second, void *output) {
    cnnc_binary_integers(p, first, second, output, cnnc_pow_numbers);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Quotients of integers, truncated, 0 behind a division by zero, of two tensors that broadcast
 * together. */
#ifndef CNNC_DIV_INTEGERS_H
#define CNNC_DIV_INTEGERS_H

#include "cnnc_binary_integers.h"

CNNC_KERNEL int64_t cnnc_div_numbers(int64_t first, int64_t second) {
    return second == 0 ? 0 : first / second;
}

CNNC_KERNEL void cnnc_div_integers(const struct cnnc_binary_integers_parameters *p,
                                   const void *first, const void *second, void *output) {
    cnnc_binary_integers(p, first, second, output, cnnc_div_numbers);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Elementwise product of two tensors that broadcast together (NEON); output may be an operand of
 * its size. */
#ifndef CNNC_MUL_S8_NEON_H
#define CNNC_MUL_S8_NEON_H

#include "cnnc_mul_vectors.h"

CNNC_KERNEL void cnnc_mul_s8_neon(const struct cnnc_mul_broadcast_s8_parameters *p,
                                  const int8_t *first, const int8_t *second, int8_t *output) {
    cnnc_mul_vectors(p, first, second, output);
}

#endif

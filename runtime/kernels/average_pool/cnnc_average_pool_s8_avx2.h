/* SPDX-License-Identifier: MIT-0 */
/* Average over a sliding window of at least eight channels (AVX2). */
#ifndef CNNC_AVERAGE_POOL_S8_AVX2_H
#define CNNC_AVERAGE_POOL_S8_AVX2_H

#include "cnnc_average_pool_vectors.h"

CNNC_KERNEL void cnnc_average_pool_s8_avx2(const struct cnnc_average_pool_s8_parameters *p,
                                           const int8_t *CNNC_RESTRICT input,
                                           int8_t *CNNC_RESTRICT output) {
    cnnc_average_pool_vectors(p, input, output);
}

#endif

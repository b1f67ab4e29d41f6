/* SPDX-License-Identifier: MIT-0 */
/* Maximum over a sliding window of at least eight channels (AVX2). */
#ifndef CNNC_MAX_POOL_S8_AVX2_H
#define CNNC_MAX_POOL_S8_AVX2_H

#include "cnnc_max_pool_vectors.h"

/* input: [batch][input_rows][input_cols][channels], output: [batch][output_rows][output_cols]
 * [channels]. */
CNNC_KERNEL void cnnc_max_pool_s8_avx2(const struct cnnc_max_pool_s8_parameters *p,
                                       const int8_t *CNNC_RESTRICT input,
                                       int8_t *CNNC_RESTRICT output) {
    cnnc_max_pool_vectors(p, input, output);
}

#endif

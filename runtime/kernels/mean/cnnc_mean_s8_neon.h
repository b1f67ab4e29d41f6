/* SPDX-License-Identifier: MIT-0 */
/* Mean over axes that are neighbours in memory (NEON). */
#ifndef CNNC_MEAN_S8_NEON_H
#define CNNC_MEAN_S8_NEON_H

#include "cnnc_mean_vectors.h"

CNNC_KERNEL void cnnc_mean_s8_neon(const struct cnnc_mean_s8_parameters *p,
                                   const int8_t *CNNC_RESTRICT input,
                                   int8_t *CNNC_RESTRICT output) {
    cnnc_mean_vectors(p, input, output);
}

#endif

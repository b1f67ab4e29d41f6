/* SPDX-License-Identifier: MIT-0 */
/* Maximum over a sliding window on Armv6: what the DSP extension computes, in Arm mode. */
#ifndef CNNC_MAX_POOL_WORDS_S8_ARMV6SIMD_H
#define CNNC_MAX_POOL_WORDS_S8_ARMV6SIMD_H

#include "cnnc_max_pool_words_s8_dsp.h"

CNNC_KERNEL void cnnc_max_pool_words_s8_armv6simd(const struct cnnc_max_pool_s8_parameters *p,
                                                  const int8_t *CNNC_RESTRICT input,
                                                  int8_t *CNNC_RESTRICT output) {
    cnnc_max_pool_words_s8_dsp(p, input, output);
}

#endif

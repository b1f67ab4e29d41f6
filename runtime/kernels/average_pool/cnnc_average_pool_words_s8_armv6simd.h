/* SPDX-License-Identifier: MIT-0 */
/* Average over a sliding window on Armv6: what the DSP extension computes, in Arm mode. */
#ifndef CNNC_AVERAGE_POOL_WORDS_S8_ARMV6SIMD_H
#define CNNC_AVERAGE_POOL_WORDS_S8_ARMV6SIMD_H

#include "cnnc_average_pool_words_s8_dsp.h"

CNNC_KERNEL void
cnnc_average_pool_words_s8_armv6simd(const struct cnnc_average_pool_s8_parameters *p,
                                     const int8_t *CNNC_RESTRICT input,
                                     int8_t *CNNC_RESTRICT output) {
    cnnc_average_pool_words_s8_dsp(p, input, output);
}

#endif

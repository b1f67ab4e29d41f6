/* SPDX-License-Identifier: MIT-0 */
/* Mean over neighbouring axes on Armv6: what the DSP extension computes, in Arm mode. */
#ifndef CNNC_MEAN_WORDS_S8_ARMV6SIMD_H
#define CNNC_MEAN_WORDS_S8_ARMV6SIMD_H

#include "cnnc_mean_words_s8_dsp.h"

CNNC_KERNEL void cnnc_mean_words_s8_armv6simd(const struct cnnc_mean_words_s8_dsp_parameters *p,
                                              const int8_t *CNNC_RESTRICT input,
                                              int8_t *CNNC_RESTRICT output) {
    cnnc_mean_words_s8_dsp(p, input, output);
}

#endif

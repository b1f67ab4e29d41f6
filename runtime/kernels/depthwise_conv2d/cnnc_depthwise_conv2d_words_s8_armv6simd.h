/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution by any taps on Armv6: what the DSP extension computes, in Arm mode. */
#ifndef CNNC_DEPTHWISE_CONV2D_WORDS_S8_ARMV6SIMD_H
#define CNNC_DEPTHWISE_CONV2D_WORDS_S8_ARMV6SIMD_H

#include "cnnc_depthwise_conv2d_words_s8_dsp.h"

CNNC_KERNEL void cnnc_depthwise_conv2d_words_s8_armv6simd(
    const struct cnnc_depthwise_conv2d_words_s8_dsp_parameters *p,
    const int8_t *CNNC_RESTRICT input, const int8_t *CNNC_RESTRICT weights,
    const int32_t *CNNC_RESTRICT channels, int8_t *CNNC_RESTRICT output,
    int8_t *CNNC_RESTRICT scratch) {
    cnnc_depthwise_conv2d_words_s8_dsp(p, input, weights, channels, output, scratch);
}

#endif

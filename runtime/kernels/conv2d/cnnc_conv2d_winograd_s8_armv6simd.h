/* SPDX-License-Identifier: MIT-0 */
/* 3x3 convolution by Winograd F(2x2,3x3) on Armv6: what the DSP extension computes, in Arm mode. */
#ifndef CNNC_CONV2D_WINOGRAD_S8_ARMV6SIMD_H
#define CNNC_CONV2D_WINOGRAD_S8_ARMV6SIMD_H

#include "cnnc_conv2d_winograd_s8_dsp.h"

CNNC_KERNEL void cnnc_conv2d_winograd_s8_armv6simd(const struct cnnc_winograd_parameters *p,
                                                   const int8_t *CNNC_RESTRICT input,
                                                   const int16_t *CNNC_RESTRICT weights,
                                                   const int32_t *CNNC_RESTRICT channels,
                                                   int8_t *CNNC_RESTRICT output,
                                                   int8_t *CNNC_RESTRICT scratch) {
    cnnc_conv2d_winograd_s8_dsp(p, input, weights, channels, output, scratch);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum as a linear form on Armv6: what the DSP extension computes, in Arm mode. */
#ifndef CNNC_ADD_LINEAR_S8_ARMV6SIMD_H
#define CNNC_ADD_LINEAR_S8_ARMV6SIMD_H

#include "cnnc_add_linear_s8_dsp.h"

CNNC_KERNEL void cnnc_add_linear_s8_armv6simd(const struct cnnc_add_linear_s8_dsp_parameters *p,
                                              const int8_t *first, const int8_t *second,
                                              int8_t *output) {
    cnnc_add_linear_s8_dsp(p, first, second, output);
}

#endif

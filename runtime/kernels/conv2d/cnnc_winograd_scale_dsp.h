/* SPDX-License-Identifier: MIT-0 */
/* How a Winograd convolution's sums become int8. */
#ifndef CNNC_WINOGRAD_SCALE_DSP_H
#define CNNC_WINOGRAD_SCALE_DSP_H

#include "cnnc_common.h"

/* Where the results of a tile go: distance in bytes of columns and rows, number of channels, and
 * whether ties of negative results are rounded away from zero (double rounding). */
struct cnnc_winograd_store {
    int32_t col_stride;
    int32_t row_stride;
    int32_t count;
    int32_t ties_away;
};

/* Two int16 in one word. */
CNNC_KERNEL uint32_t cnnc_winograd_word(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xffffU) | (uint32_t)high << 16;
}

/* int8 of sum = 2^k acc, with constants {bias, multiplier, offset, shift}: the high word of sum *
 * multiplier plus offset, shifted right. Negative sums are lowered by tie_step = 2^(k - 1) or 0
 * before. The compiler proved that nothing passes int32. */
CNNC_KERNEL int8_t cnnc_winograd_scale(uint32_t sum, const int32_t *constants, int32_t tie_step) {
    const int32_t wide = (int32_t)sum;
    const int32_t high = (int32_t)(((int64_t)wide * constants[1]) >> 32);
    const int32_t raised = high + constants[2] - (wide < 0 ? tie_step : 0);
    const int32_t scaled = raised >> constants[3];
    return (int8_t)(scaled < -128 ? -128 : scaled > 127 ? 127 : scaled);
}

#endif

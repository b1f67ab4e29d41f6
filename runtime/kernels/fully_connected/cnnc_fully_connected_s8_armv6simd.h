/* SPDX-License-Identifier: MIT-0 */
/* One row of int8 values times constant int8 weights on Armv6, by four output channels. */
#ifndef CNNC_FULLY_CONNECTED_S8_ARMV6SIMD_H
#define CNNC_FULLY_CONNECTED_S8_ARMV6SIMD_H

#include "cnnc_row_blocks_armv6simd.h"

struct cnnc_fully_connected_s8_armv6simd_parameters {
    int32_t output_channels;
    int32_t depth; /* inputs rounded up to 8 */
    int32_t exact; /* whether sums are scaled by the exact formula */
    int32_t minimum;
    int32_t maximum;
};

/* output[o] = requantize(bias[o] + sum over i of weights[o][i] * input[i]).
 * blocks holds weights, biases and constants as cnnc_armv6simd.h describes, four channels each.
 * scratch is aligned to 4: 2 * depth bytes. Reads up to 7 bytes behind the input. */
CNNC_SHARED_KERNEL void
cnnc_fully_connected_s8_armv6simd(const struct cnnc_fully_connected_s8_armv6simd_parameters *p,
                                  const int8_t *CNNC_RESTRICT input,
                                  const int32_t *CNNC_RESTRICT blocks, int8_t *CNNC_RESTRICT output,
                                  int8_t *CNNC_RESTRICT scratch) {
    uint32_t *const halves = (uint32_t *)(void *)scratch;
    const int32_t whole = p->output_channels / CNNC_ROW_CHANNELS_ARMV6SIMD;
    const int32_t rest = p->output_channels % CNNC_ROW_CHANNELS_ARMV6SIMD;
    struct cnnc_row_shape_armv6simd shape = {p->depth, whole, p->exact};
    CNNC_EXPAND_ROW_ARMV6SIMD(halves, input, p->depth);
    if (whole > 0) {
        CNNC_ROW_BLOCKS_ARMV6SIMD(halves, blocks, output, &shape);
    }
    if (rest > 0) {
        const struct cnnc_block_armv6simd block = {CNNC_ROW_CHANNELS_ARMV6SIMD, p->depth, p->exact};
        int8_t results[CNNC_ROW_CHANNELS_ARMV6SIMD];
        const int32_t kept = whole > 0 ? CNNC_ROW_CHANNELS_ARMV6SIMD : rest;
        shape.blocks = 1;
        CNNC_ROW_BLOCKS_ARMV6SIMD(halves, blocks + whole * cnnc_block_words_armv6simd(&block),
                                  results, &shape);
        memcpy(output + p->output_channels - kept, results, (size_t)kept);
    }
    if (p->minimum > -128 || p->maximum < 127) {
        cnnc_clamp_results_armv6simd(output, p->output_channels, p->minimum, p->maximum);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* One row of values times four output channels at a time on Armv6, all of them halfwords: four
 * words of weights and one of values give eight products by five instructions.
 *
 * An expanded row is words of two values, [depth / 2], those of each four in the order of SXTB16: 0
 * and 2, then 1 and 3. */
#ifndef CNNC_ROW_BLOCKS_ARMV6SIMD_H
#define CNNC_ROW_BLOCKS_ARMV6SIMD_H

#include "cnnc_armv6simd.h"

#define CNNC_ROW_CHANNELS_ARMV6SIMD 4

struct cnnc_row_shape_armv6simd {
    int32_t depth;  /* a multiple of 8 from 8 on */
    int32_t blocks; /* of four channels, at least one */
    int32_t exact;  /* whether sums are scaled by the exact formula */
};

#if CNNC_HAS_ARMV6SIMD

#ifdef __cplusplus
extern "C" {
#endif
/* Expands values, a multiple of 8 from 8 on. */
void CNNC_SYMBOL(expand_row)(uint32_t *halves, const int8_t *values, int32_t count);

/* output[channel] for all channels of the blocks, which cnnc_armv6simd.h describes. */
void CNNC_SYMBOL(row_blocks)(const uint32_t *halves, const int32_t *blocks, int8_t *output,
                             const struct cnnc_row_shape_armv6simd *shape);
#ifdef __cplusplus
}
#endif

#define CNNC_EXPAND_ROW_ARMV6SIMD CNNC_SYMBOL(expand_row)
#define CNNC_ROW_BLOCKS_ARMV6SIMD CNNC_SYMBOL(row_blocks)

#else

CNNC_KERNEL void cnnc_expand_row_armv6simd(uint32_t *halves, const int8_t *values, int32_t count) {
    for (int32_t i = 0; i < count; i += 4) {
        const uint32_t bytes = cnnc_load_word(values + i);
        halves[i / 2] = cnnc_sxtb16(bytes);
        halves[i / 2 + 1] = cnnc_sxtb16_odd(bytes);
    }
}

CNNC_KERNEL void cnnc_row_results_armv6simd(const uint32_t *halves, const int32_t *blocks,
                                            int8_t *output,
                                            const struct cnnc_row_shape_armv6simd *shape) {
    const struct cnnc_block_armv6simd block = {CNNC_ROW_CHANNELS_ARMV6SIMD, shape->depth,
                                               shape->exact};
    for (int32_t i = 0; i < shape->blocks; ++i) {
        for (int32_t channel = 0; channel < CNNC_ROW_CHANNELS_ARMV6SIMD; ++channel) {
            *output++ = cnnc_block_result_armv6simd(&block, blocks, channel, halves, 1);
        }
        blocks += cnnc_block_words_armv6simd(&block);
    }
}

#define CNNC_EXPAND_ROW_ARMV6SIMD cnnc_expand_row_armv6simd
#define CNNC_ROW_BLOCKS_ARMV6SIMD cnnc_row_results_armv6simd

#endif

#endif

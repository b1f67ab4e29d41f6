/* SPDX-License-Identifier: MIT-0 */
/* Two pixels times two output channels at a time on Armv6, all of them halfwords.
 *
 * Four sums leave the core registers that load four words of pixels and four of weights at once:
 * 10 instructions for 16 products. The pixels of a panel are expanded once and stay near while all
 * channels pass.
 *
 * Expanded pixels are words of two inputs, [pair of pixels][depth / 2][2 pixels], the inputs of
 * each four in the order of SXTB16: 0 and 2, then 1 and 3. */
#ifndef CNNC_PIXEL_PAIRS_ARMV6SIMD_H
#define CNNC_PIXEL_PAIRS_ARMV6SIMD_H

#include "cnnc_armv6simd.h"

/* What a pixel is expanded from: rows of words (four bytes each) that lie stride bytes apart; at
 * least one of each. */
struct cnnc_pixel_runs_armv6simd {
    int32_t words;
    int32_t rows;
    int32_t stride;
};

/* What is computed: depth inputs of a pixel, a multiple of 4 from 4 on; at least one pair of pixels
 * and one channel; results of pixels lie step bytes apart. */
struct cnnc_pixel_panel_armv6simd {
    int32_t depth;
    int32_t pairs;
    int32_t step;
    int32_t channels;
    int32_t exact; /* whether sums are scaled by the exact formula */
};

#if CNNC_HAS_ARMV6SIMD

#ifdef __cplusplus
extern "C" {
#endif
/* target[row][word][0..3] = bytes 0 and 2 of both pixels, then bytes 1 and 3, as halfwords.
 * Returns the end. */
uint32_t *CNNC_SYMBOL(expand_pixel_pair)(uint32_t *target, const int8_t *first,
                                         const int8_t *second,
                                         const struct cnnc_pixel_runs_armv6simd *runs);

/* output[pixel * step + channel] for all pixels and channels. A block is, for each pair of
 * channels, the initial sums, the words of weights [depth / 2][2 channels], and the constants of
 * both channels as cnnc_armv6simd.h describes. An odd last channel is paired with the one before
 * it; a single one with a channel whose results are dropped. */
void CNNC_SYMBOL(pixel_panel)(const uint32_t *inputs, const int32_t *blocks, int8_t *output,
                              const struct cnnc_pixel_panel_armv6simd *panel);
#ifdef __cplusplus
}
#endif

#define CNNC_EXPAND_PIXEL_PAIR CNNC_SYMBOL(expand_pixel_pair)
#define CNNC_PIXEL_PANEL CNNC_SYMBOL(pixel_panel)

#else

CNNC_KERNEL uint32_t *cnnc_expand_pixel_pair(uint32_t *target, const int8_t *first,
                                             const int8_t *second,
                                             const struct cnnc_pixel_runs_armv6simd *runs) {
    for (int32_t row = 0; row < runs->rows; ++row) {
        for (int32_t word = 0; word < runs->words; ++word) {
            const uint32_t first_bytes = cnnc_load_word(first + row * runs->stride + 4 * word);
            const uint32_t second_bytes = cnnc_load_word(second + row * runs->stride + 4 * word);
            target[0] = cnnc_sxtb16(first_bytes);
            target[1] = cnnc_sxtb16(second_bytes);
            target[2] = cnnc_sxtb16_odd(first_bytes);
            target[3] = cnnc_sxtb16_odd(second_bytes);
            target += 4;
        }
    }
    return target;
}

CNNC_KERNEL void cnnc_pixel_panel(const uint32_t *inputs, const int32_t *blocks, int8_t *output,
                                  const struct cnnc_pixel_panel_armv6simd *panel) {
    const struct cnnc_block_armv6simd block = {2, panel->depth, panel->exact};
    const int32_t block_words = cnnc_block_words_armv6simd(&block);
    for (int32_t first = 0; first < panel->channels; first += 2) {
        const int32_t last = panel->channels - 2;
        const int32_t channel = first > last && last >= 0 ? last : first;
        const int32_t channels = panel->channels < 2 ? 1 : 2;
        for (int32_t pixel = 0; pixel < 2 * panel->pairs; ++pixel) {
            const uint32_t *values = inputs + pixel / 2 * panel->depth + pixel % 2;
            for (int32_t i = 0; i < channels; ++i) {
                output[pixel * panel->step + channel + i] =
                    cnnc_block_result_armv6simd(&block, blocks, i, values, 2);
            }
        }
        blocks += block_words;
    }
}

#define CNNC_EXPAND_PIXEL_PAIR cnnc_expand_pixel_pair
#define CNNC_PIXEL_PANEL cnnc_pixel_panel

#endif

#endif

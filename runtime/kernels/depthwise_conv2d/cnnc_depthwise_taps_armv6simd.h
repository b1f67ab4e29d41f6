/* SPDX-License-Identifier: MIT-0 */
/* All channels of one output pixel of a depthwise convolution on Armv6, four at a time: the words
 * of two taps become four words of halfwords, one for each channel, and SMLAD takes both taps. */
#ifndef CNNC_DEPTHWISE_TAPS_ARMV6SIMD_H
#define CNNC_DEPTHWISE_TAPS_ARMV6SIMD_H

#include "cnnc_armv6simd.h"

#define CNNC_DEPTHWISE_CHANNELS_ARMV6SIMD 4
/* Most taps: pointers to their pixels are on the stack, and one more to make their number even. */
#define CNNC_DEPTHWISE_TAPS_ARMV6SIMD 64

struct cnnc_depthwise_pixel_armv6simd {
    int32_t taps;     /* even */
    int32_t channels; /* at least 4; the last four may overlap those before them */
    int32_t exact;    /* whether sums are scaled by the exact formula */
};

#if CNNC_HAS_ARMV6SIMD

#ifdef __cplusplus
extern "C" {
#endif
/* output[channel] for all channels; sources points at each tap's pixel. blocks holds four channels
 * each as cnnc_armv6simd.h describes, a word for two neighbouring taps. */
void CNNC_SYMBOL(depthwise_taps)(const int8_t *const *sources, const int32_t *blocks,
                                 int8_t *output,
                                 const struct cnnc_depthwise_pixel_armv6simd *pixel);
#ifdef __cplusplus
}
#endif

#define CNNC_DEPTHWISE_PIXEL_ARMV6SIMD CNNC_SYMBOL(depthwise_taps)

#else

CNNC_KERNEL void
cnnc_depthwise_results_armv6simd(const int8_t *const *sources, const int32_t *blocks,
                                 int8_t *output,
                                 const struct cnnc_depthwise_pixel_armv6simd *pixel) {
    const struct cnnc_block_armv6simd block = {CNNC_DEPTHWISE_CHANNELS_ARMV6SIMD, pixel->taps,
                                               pixel->exact};
    const int32_t last = pixel->channels - CNNC_DEPTHWISE_CHANNELS_ARMV6SIMD;
    for (int32_t first = 0; first < pixel->channels; first += CNNC_DEPTHWISE_CHANNELS_ARMV6SIMD) {
        for (int32_t i = 0; i < CNNC_DEPTHWISE_CHANNELS_ARMV6SIMD; ++i) {
            const int32_t channel = (first < last ? first : last) + i;
            uint32_t values[CNNC_DEPTHWISE_TAPS_ARMV6SIMD / 2];
            for (int32_t tap = 0; tap < pixel->taps; tap += 2) {
                values[tap / 2] = cnnc_halves(sources[tap][channel], sources[tap + 1][channel]);
            }
            output[channel] = cnnc_block_result_armv6simd(&block, blocks, i, values, 1);
        }
        blocks += cnnc_block_words_armv6simd(&block);
    }
}

#define CNNC_DEPTHWISE_PIXEL_ARMV6SIMD cnnc_depthwise_results_armv6simd

#endif

#endif

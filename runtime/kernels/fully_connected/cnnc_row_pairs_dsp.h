/* SPDX-License-Identifier: MIT-0 */
/* One row times pairs of output channels whose weights share halfwords: 256 A + B, see
 * cnnc_channel_pairs_dsp.h. Two pairs leave the core registers that load four words of inputs and
 * of weights at once: 27 instructions for 32 products. */
#ifndef CNNC_ROW_PAIRS_DSP_H
#define CNNC_ROW_PAIRS_DSP_H

#include "cnnc_dsp.h"

#if CNNC_HAS_DSP
#ifdef __cplusplus
extern "C" {
#endif
/* target[4 * unit..] = bytes 0 and 2, 1 and 3, 4 and 6, 5 and 7 of each 8 of the row, as halfwords;
 * at least one unit. */
void CNNC_SYMBOL(expand_row)(uint32_t *target, const int8_t *row, int32_t units);

/* output[channel] for one expanded row and all channels, at least 4. depth is a multiple of 8 from
 * 8 on. A block is, for each four channels, the initial M and S of both pairs, for each two inputs
 * a word of weights of both pairs, and multiplier, constant and shift of each channel. Channels
 * that make no four are in a block with those before them. A channel's x becomes
 * ssat8((floor(256 x * multiplier / 2^32) + constant - (x < 0 ? sign : 0)) >> shift). */
void CNNC_SYMBOL(row_pairs)(const uint32_t *inputs, const int32_t *blocks, int32_t depth,
                            int8_t *output, int32_t channels, int32_t sign);
#ifdef __cplusplus
}
#endif

#define CNNC_EXPAND_ROW CNNC_SYMBOL(expand_row)
#define CNNC_ROW_PAIRS CNNC_SYMBOL(row_pairs)

#else

CNNC_KERNEL void cnnc_expand_row(uint32_t *target, const int8_t *row, int32_t units) {
    for (int32_t word = 0; word < 2 * units; ++word) {
        const uint32_t bytes = cnnc_load_word(row + 4 * word);
        target[2 * word] = cnnc_sxtb16(bytes);
        target[2 * word + 1] = cnnc_sxtb16_odd(bytes);
    }
}

/* Computes the two channels of a pair; block points at the first block's initial values. */
CNNC_KERNEL void cnnc_row_pair(const uint32_t *inputs, const int32_t *block, int32_t pair,
                               int32_t depth, int32_t sign, int8_t *results) {
    const int32_t *constants = block + 4 + depth + 6 * pair;
    int32_t both = block[2 * pair];
    int32_t low = block[2 * pair + 1];
    for (int32_t word = 0; word < depth / 2; ++word) {
        const uint32_t weights = (uint32_t)block[4 + 2 * word + pair];
        both = cnnc_smlad(inputs[word], weights, both);
        low = cnnc_smlad(inputs[word], cnnc_sxtb16(weights), low);
    }
    const int32_t scaled[2] = {(int32_t)((uint32_t)both - (uint32_t)low),
                               (int32_t)((uint32_t)low << 8)};
    for (int32_t channel = 0; channel < 2; ++channel) {
        const int32_t x = scaled[channel];
        const int32_t raised =
            cnnc_smmla(x, constants[3 * channel], constants[3 * channel + 1]) - (x < 0 ? sign : 0);
        results[channel] = (int8_t)cnnc_ssat8(raised >> constants[3 * channel + 2]);
    }
}

CNNC_KERNEL void cnnc_row_pairs(const uint32_t *inputs, const int32_t *blocks, int32_t depth,
                                int8_t *output, int32_t channels, int32_t sign) {
    for (int32_t channel = 0; channel < channels; channel += 4) {
        const int32_t first = channel + 4 > channels ? channels - 4 : channel;
        cnnc_row_pair(inputs, blocks, 0, depth, sign, output + first);
        cnnc_row_pair(inputs, blocks, 1, depth, sign, output + first + 2);
        blocks += 4 + depth + 12;
    }
}

#define CNNC_EXPAND_ROW cnnc_expand_row
#define CNNC_ROW_PAIRS cnnc_row_pairs

#endif

#endif

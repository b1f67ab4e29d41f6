/* SPDX-License-Identifier: MIT-0 */
/* Blocks of output channels as kernels for Armv6 read them: weights as halfwords, scaled so that
 * sums become int8 by few instructions.
 *
 * A block of some channels is their initial sums [channels], the words of weights
 * [depth / 2][channels], then the constants of each channel. A sum becomes int8 by
 *     line formula:  ssat8((floor(sum * multiplier / 2^32) + constant) >> 12)
 *     exact formula: ssat8((floor(sum * multiplier / 2^32) + constant - (sum < 0 ? sign : 0)) >>
 *                          shift)
 * with the constants multiplier and constant, and for the exact formula sign and shift. */
#ifndef CNNC_ARMV6SIMD_H
#define CNNC_ARMV6SIMD_H

#include "cnnc_dsp.h"
#include "cnnc_fixed_point.h"

#define CNNC_LINE_SHIFT_ARMV6SIMD 12

struct cnnc_block_armv6simd {
    int32_t channels;
    int32_t depth; /* a multiple of 4 */
    int32_t exact; /* whether sums are scaled by the exact formula */
};

/* Words of a block. */
CNNC_KERNEL int32_t cnnc_block_words_armv6simd(const struct cnnc_block_armv6simd *block) {
    return block->channels * (1 + block->depth / 2 + (block->exact ? 4 : 2));
}

/* The result of one channel of a block; words of two values lie step words apart. */
CNNC_KERNEL int8_t cnnc_block_result_armv6simd(const struct cnnc_block_armv6simd *block,
                                               const int32_t *words, int32_t channel,
                                               const uint32_t *values, int32_t step) {
    const int32_t *weights = words + block->channels + channel;
    int32_t sum = words[channel];
    for (int32_t word = 0; word < block->depth / 2; ++word) {
        sum = cnnc_smlad(values[word * step], (uint32_t)weights[word * block->channels], sum);
    }
    const int32_t *constants = words + block->channels * (1 + block->depth / 2);
    if (!block->exact) {
        constants += 2 * channel;
        return (int8_t)cnnc_ssat8(cnnc_smmla(sum, constants[0], constants[1]) >>
                                  CNNC_LINE_SHIFT_ARMV6SIMD);
    }
    constants += 4 * channel;
    const int32_t constant = constants[1] - (sum < 0 ? constants[2] : 0);
    return (int8_t)cnnc_ssat8(cnnc_smmla(sum, constants[0], constant) >> constants[3]);
}

/* Limits that are narrower than int8, over results that are saturated already. */
CNNC_SHARED_KERNEL void cnnc_clamp_results_armv6simd(int8_t *results, int32_t count,
                                                     int32_t minimum, int32_t maximum) {
    /* ~x is -1 - x: the lesser byte is the complement of the greater complement. */
    const uint32_t least = ((uint32_t)minimum & 0xFFU) * 0x01010101U;
    const uint32_t most = ~(((uint32_t)maximum & 0xFFU) * 0x01010101U);
    int32_t done = 0;
    for (; done + 4 <= count; done += 4) {
        const uint32_t raised = cnnc_greater_bytes(cnnc_load_word(results + done), least);
        cnnc_store_word(results + done, ~cnnc_greater_bytes(~raised, most));
    }
    for (; done < count; ++done) {
        results[done] = cnnc_clamp_s8(results[done], minimum, maximum);
    }
}

#endif

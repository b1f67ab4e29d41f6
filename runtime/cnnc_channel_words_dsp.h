/* SPDX-License-Identifier: MIT-0 */
/* Products of one int8 vector with the weights of any channels on Armv7E-M: each word of four
 * weights becomes two of halfwords, and two products are one instruction. Sums have all of int32,
 * weights all of int8, so nothing that plain C computes is out of reach. */
#ifndef CNNC_CHANNEL_WORDS_DSP_H
#define CNNC_CHANNEL_WORDS_DSP_H

#include "cnnc_channel_sums.h"
#include "cnnc_dsp.h"

CNNC_KERNEL int32_t cnnc_round_up_to_word(int32_t bytes) { return (bytes + 3) & ~3; }

/* halves[2 * word], [2 * word + 1] = bytes 0 and 2, 1 and 3 of each four values, as halfwords; the
 * last four are filled up with zeros. */
CNNC_KERNEL void cnnc_expand_values(uint32_t *halves, const int8_t *values, int32_t count) {
    int8_t last[4] = {0, 0, 0, 0};
    for (int32_t word = 0; word < count >> 2; ++word) {
        const uint32_t bytes = cnnc_load_word(values + 4 * word);
        halves[0] = cnnc_sxtb16(bytes);
        halves[1] = cnnc_sxtb16_odd(bytes);
        halves += 2;
    }
    if ((count & 3) != 0) {
        cnnc_copy_bytes(last, values + (count & ~3), count & 3);
        halves[0] = cnnc_sxtb16(cnnc_load_word(last));
        halves[1] = cnnc_sxtb16_odd(cnnc_load_word(last));
    }
}

/* sum + the products of four weights with four values. */
CNNC_KERNEL int32_t cnnc_word_products(const int8_t *weights, uint32_t even, uint32_t odd,
                                       int32_t sum) {
    const uint32_t bytes = cnnc_load_word(weights);
    return cnnc_smlad(odd, cnnc_sxtb16_odd(bytes), cnnc_smlad(even, cnnc_sxtb16(bytes), sum));
}

/* sums[c] = sum over k of weights[c][k] * value k for four channels. A function of its own, whose
 * loads a compiler cannot bring together: the loop then has enough core registers. */
CNNC_SHARED_KERNEL void cnnc_word_sums(const uint32_t *halves, const uint32_t *end,
                                       const int8_t *weights, int32_t depth, int32_t *sums) {
    const int32_t third = 3 * depth;
    int32_t sum_0 = 0;
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    do {
        const uint32_t even = *halves++;
        const uint32_t odd = *halves++;
        sum_0 = cnnc_word_products(weights, even, odd, sum_0);
        CNNC_OPAQUE();
        sum_1 = cnnc_word_products(weights + depth, even, odd, sum_1);
        CNNC_OPAQUE();
        sum_2 = cnnc_word_products(weights + 2 * depth, even, odd, sum_2);
        CNNC_OPAQUE();
        sum_3 = cnnc_word_products(weights + third, even, odd, sum_3);
        weights += 4;
    } while (halves != end);
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}

/* output[c] = requantize(bias[c] + sum over k of weights[c][k] * value k), 0 <= c < count. depth is
 * a multiple of 4 from 4 on; halves is what cnnc_expand_values writes. */
CNNC_SHARED_KERNEL void cnnc_channel_words_s8(const struct cnnc_channels_s8 *channels,
                                              const struct cnnc_output_format_s8 *format,
                                              int32_t count, int32_t depth, const uint32_t *halves,
                                              int8_t *output) {
    const uint32_t *const end = halves + depth / 2;
    const int8_t *weights = channels->weights;
    int32_t channel = 0;
    for (; channel + 4 <= count; channel += 4) {
        int32_t sums[4];
        cnnc_word_sums(halves, end, weights, depth, sums);
        for (int32_t i = 0; i < 4; ++i) {
            output[channel + i] = cnnc_channel_output_s8(channels, channel + i, sums[i], format);
        }
        weights += 4 * depth;
    }
    for (; channel < count; ++channel) {
        int32_t sum = 0;
        for (const uint32_t *next = halves; next < end; next += 2) {
            sum = cnnc_word_products(weights, next[0], next[1], sum);
            weights += 4;
        }
        output[channel] = cnnc_channel_output_s8(channels, channel, sum, format);
    }
}

#endif

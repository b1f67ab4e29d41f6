/* SPDX-License-Identifier: MIT-0 */
/* Three pixels times pairs of output channels whose weights share halfwords: 256 A + B.
 *
 * SMLAD of activations with the word of weights sums M = x . (256 A + B), with its SXTB16
 * S = x . B; M - S is 256 x . A. Three pixels and two channels leave the core registers that load
 * three words of activations and two of weights at once: 17 instructions for 24 products.
 *
 * Expanded activations are words of two inputs, [depth / 2][3 pixels], the inputs of each four in
 * the order of SXTB16: 0 and 2, then 1 and 3. */
#ifndef CNNC_CHANNEL_PAIRS_DSP_H
#define CNNC_CHANNEL_PAIRS_DSP_H

#include "cnnc_dsp.h"

/* What pixels are expanded from: rows of words (four bytes each) that lie stride bytes apart; at
 * least one of each. */
struct cnnc_pairs_runs {
    int32_t words;
    int32_t rows;
    int32_t stride;
};

/* What is computed: depth inputs of a pixel, a multiple of 4 from 4 on; results of pixels lie step
 * bytes apart; at least 2 channels; sign is the exact formula's, negative for the line formula.
 * Three pixels that are expanded already, or some triples of pixels that lie pixel_step bytes apart
 * and are expanded from runs as they come. */
struct cnnc_pairs_shape {
    int32_t depth;
    int32_t step;
    int32_t channels;
    int32_t sign;
    int32_t triples; /* 0: already expanded */
    const int8_t *pixels;
    int32_t pixel_step;
    struct cnnc_pairs_runs runs;
    int32_t rest_step; /* -stride where each of three runs has one more byte, otherwise 0 */
};

#if CNNC_HAS_DSP
#ifdef __cplusplus
extern "C" {
#endif
/* target[row][word][0..5] = bytes 0 and 2 of the three pixels, then bytes 1 and 3, as halfwords.
 * Returns the end. */
uint32_t *CNNC_SYMBOL(expand_pixels)(uint32_t *target, const int8_t *const *pixels,
                                     const struct cnnc_pairs_runs *runs);

/* output[pixel * step + channel] for all pixels and channels; inputs holds three pixels. A block
 * is, for each pair of channels, the initial M and S, depth / 2 words of weights, and the formula's
 * constants; an odd last channel is paired with the one before it.
 *
 * Line formula: the multipliers of A and B and the constant of both. M - S and S become results by
 * ssat8((floor(sum * multiplier / 2^32) + constant) >> 12), and >> 4 for B.
 * Exact formula: multiplier, constant and shift of A, then of B; results are
 * ssat8((floor(256 x * multiplier / 2^32) + constant - (x < 0 ? sign : 0)) >> shift). */
void CNNC_SYMBOL(pairs_results)(uint32_t *inputs, const int32_t *blocks, int8_t *output,
                                const struct cnnc_pairs_shape *shape);
#ifdef __cplusplus
}
#endif

#define CNNC_EXPAND_PIXELS CNNC_SYMBOL(expand_pixels)
#define CNNC_PAIRS_RESULTS CNNC_SYMBOL(pairs_results)

#else

CNNC_KERNEL uint32_t *cnnc_expand_pixels(uint32_t *target, const int8_t *const *pixels,
                                         const struct cnnc_pairs_runs *runs) {
    for (int32_t row = 0; row < runs->rows; ++row) {
        for (int32_t word = 0; word < runs->words; ++word) {
            for (int32_t pixel = 0; pixel < 3; ++pixel) {
                const int8_t *source = pixels[pixel] + row * runs->stride + 4 * word;
                const uint32_t bytes = cnnc_load_word(source);
                target[pixel] = cnnc_sxtb16(bytes);
                target[3 + pixel] = cnnc_sxtb16_odd(bytes);
            }
            target += 6;
        }
    }
    return target;
}

/* Sums of one pixel, sums[0] = M - S and sums[1] = S; block points at the initial values. */
CNNC_KERNEL void cnnc_pair_sums(const uint32_t *inputs, const int32_t *block, int32_t depth,
                                int32_t *sums) {
    int32_t both = block[0];
    int32_t low = block[1];
    for (int32_t word = 0; word < depth / 2; ++word) {
        const uint32_t weights = (uint32_t)block[2 + word];
        both = cnnc_smlad(inputs[3 * word], weights, both);
        low = cnnc_smlad(inputs[3 * word], cnnc_sxtb16(weights), low);
    }
    sums[0] = (int32_t)((uint32_t)both - (uint32_t)low);
    sums[1] = low;
}

/* First channel of a block: an odd last one goes back by one. */
CNNC_KERNEL int32_t cnnc_pair_channel(int32_t channel, int32_t channels) {
    return channel + 2 > channels ? channels - 2 : channel;
}

CNNC_KERNEL void cnnc_line_triple(const uint32_t *inputs, const int32_t *blocks, int8_t *output,
                                  const struct cnnc_pairs_shape *shape) {
    for (int32_t channel = 0; channel < shape->channels; channel += 2) {
        const int32_t *constants = blocks + 2 + shape->depth / 2;
        int8_t *results = output + cnnc_pair_channel(channel, shape->channels);
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            int32_t sums[2];
            cnnc_pair_sums(inputs + pixel, blocks, shape->depth, sums);
            const int32_t high = cnnc_smmla(sums[0], constants[0], constants[2]) >> 12;
            const int32_t low = cnnc_smmla(sums[1], constants[1], constants[2]) >> 4;
            results[0] = (int8_t)cnnc_ssat8(high);
            results[1] = (int8_t)cnnc_ssat8(low);
            results += shape->step;
        }
        blocks = constants + 3;
    }
}

/* x is 256 times the accumulator; constants are multiplier, constant and shift. */
CNNC_KERNEL int8_t cnnc_exact_result(int32_t x, const int32_t *constants, int32_t sign) {
    const int32_t raised = cnnc_smmla(x, constants[0], constants[1]) - (x < 0 ? sign : 0);
    return (int8_t)cnnc_ssat8(raised >> constants[2]);
}

CNNC_KERNEL void cnnc_exact_triple(const uint32_t *inputs, const int32_t *blocks, int8_t *output,
                                   const struct cnnc_pairs_shape *shape) {
    for (int32_t channel = 0; channel < shape->channels; channel += 2) {
        const int32_t *constants = blocks + 2 + shape->depth / 2;
        int8_t *results = output + cnnc_pair_channel(channel, shape->channels);
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            int32_t sums[2];
            cnnc_pair_sums(inputs + pixel, blocks, shape->depth, sums);
            const int32_t low = (int32_t)((uint32_t)sums[1] << 8);
            results[0] = cnnc_exact_result(sums[0], constants, shape->sign);
            results[1] = cnnc_exact_result(low, constants + 3, shape->sign);
            results += shape->step;
        }
        blocks = constants + 6;
    }
}

/* Expands the last bytes of three runs of three pixels. */
CNNC_KERNEL void cnnc_expand_last_bytes(uint32_t *target, const int8_t *const *pixels,
                                        const struct cnnc_pairs_shape *shape) {
    const int32_t stride = shape->runs.stride;
    for (int32_t pixel = 0; pixel < 3; ++pixel) {
        const int8_t *last = pixels[pixel] + 4 * shape->runs.words;
        target[pixel] = cnnc_halves(last[0], last[2 * stride]);
        target[3 + pixel] = cnnc_halves(last[stride], 0);
    }
}

/* Expands three pixels of a triple, if they are not yet. */
CNNC_KERNEL void cnnc_expand_triple(uint32_t *inputs, int32_t triple,
                                    const struct cnnc_pairs_shape *shape) {
    const int8_t *pixels[3];
    if (shape->triples == 0) {
        return;
    }
    for (int32_t pixel = 0; pixel < 3; ++pixel) {
        pixels[pixel] = shape->pixels + (3 * triple + pixel) * shape->pixel_step;
    }
    uint32_t *end = cnnc_expand_pixels(inputs, pixels, &shape->runs);
    if (shape->rest_step != 0) {
        cnnc_expand_last_bytes(end, pixels, shape);
    }
}

CNNC_KERNEL void cnnc_pairs_results(uint32_t *inputs, const int32_t *blocks, int8_t *output,
                                    const struct cnnc_pairs_shape *shape) {
    for (int32_t triple = 0; triple == 0 || triple < shape->triples; ++triple) {
        int8_t *results = output + 3 * triple * shape->step;
        cnnc_expand_triple(inputs, triple, shape);
        if (shape->sign < 0) {
            cnnc_line_triple(inputs, blocks, results, shape);
        } else {
            cnnc_exact_triple(inputs, blocks, results, shape);
        }
    }
}

#define CNNC_EXPAND_PIXELS cnnc_expand_pixels
#define CNNC_PAIRS_RESULTS cnnc_pairs_results

#endif

#endif

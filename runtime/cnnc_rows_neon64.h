/* SPDX-License-Identifier: MIT-0 */
/* Rows of values times the weights of output channels, for AArch64 without dot products.
 *
 * Products of int8 are added up in 16 bits, eight sums at a time (SMULL, SMLAL), and those sums in
 * 32 bits (SADALP). The longer such a chain of products, the fewer instructions; how long it may be
 * without passing 16 bits depends on the weights, so each block of eight channels has its own list
 * of steps. */
#ifndef CNNC_ROWS_NEON64_H
#define CNNC_ROWS_NEON64_H

#include "cnnc_neon.h"
#include "cnnc_rows_chains_neon64.h"
#include "cnnc_rows_kept_neon64.h"

/* The constants of a layer, its blocks of eight channels one after another, and its results.
 *
 * A row of values is steps of 8 (kind 0), 16 (1), 24 (2), 32 (3) or 64 values (4 to 7, in chains of
 * two; three, three and two; four; eight). A run is a number of equal steps:
 * (number - 1) * 65536 + 4 * kind; behind a block's last run is -1. Before its first is how two
 * rows are computed: 0, or with weights that stay in registers, for steps of 8 values (4), 16 (8),
 * 24 (12), 16 and 8 (16), 32 (20), 16 and 16 (24). Weights: for each step and pair of channels as
 * many values of the first channel as fill vectors of 16, as many of the second, and the last eight
 * of both if the step's number is odd. Channels: eight times bias, 0, 0, 0; eight multipliers;
 * eight shifts, 31 less where products are rounded once. */
struct cnnc_rows_layer_neon64 {
    const int8_t *weights;
    const int32_t *runs;
    const int32_t *channels;
    /* At least 8; the last block ends with the last channel, so that it may overlap with the one
     * before. */
    int32_t output_channels;
    /* From one row to the next. */
    int32_t row_bytes;
    int32_t output_step;
    /* 0: results are clamped to -128 and 127, which is also the zero point's; no shift is positive.
     * 1: negative sums are shifted by less than 0, or not seen. 2: any shift. 3: one rounding. */
    int32_t scaling;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
};

#if CNNC_HAS_NEON64 && defined(__ELF__)
#ifdef __cplusplus
extern "C" {
#endif
/* output[row][channel] for count rows, at least one. Up to 15 bytes are read beyond a row's end:
 * what is there does not matter. */
void CNNC_SYMBOL(rows_neon64)(const struct cnnc_rows_layer_neon64 *p, const int8_t *rows,
                              int32_t count, int8_t *output);
#ifdef __cplusplus
}
#endif

#define CNNC_ROWS_NEON64 CNNC_SYMBOL(rows_neon64)

#else

/* Adds one step's products to the sums of eight channels. */
CNNC_KERNEL void cnnc_rows_step(const int8_t *values, const int8_t *weights, int32_t length,
                                int32_t *sums) {
    const int32_t whole = length / 16 * 16;
    const int32_t rest = length - whole;
    for (int32_t channel = 0; channel < 8; ++channel) {
        const int8_t *const pair = weights + channel / 2 * 2 * length;
        const int8_t *const first = pair + channel % 2 * whole;
        const int8_t *const last = pair + 2 * whole + channel % 2 * rest;
        for (int32_t i = 0; i < length; ++i) {
            sums[channel] += values[i] * (i < whole ? first[i] : last[i - whole]);
        }
    }
}

/* Adds the products of a row to the sums of eight channels; runs are the block's. */
CNNC_KERNEL void cnnc_rows_sums(const int8_t *values, const int8_t *weights, const int32_t *runs,
                                int32_t *sums) {
    static const int32_t lengths[] = {8, 16, 24, 32, 64, 64, 64, 64};
    for (; *runs >= 0; ++runs) {
        const int32_t length = lengths[*runs % 65536 / 4];
        for (int32_t step = *runs / 65536; step >= 0; --step) {
            cnnc_rows_step(values, weights, length, sums);
            values += length;
            weights += 8 * length;
        }
    }
}

CNNC_KERNEL void cnnc_rows_block(const struct cnnc_rows_layer_neon64 *p, const int32_t *channels,
                                 const int8_t *values, const int8_t *weights, const int32_t *runs,
                                 int8_t *output) {
    const int32_t less = p->scaling == 3 ? 31 : 0;
    int32_t sums[8];
    for (int32_t channel = 0; channel < 8; ++channel) {
        sums[channel] = channels[4 * channel];
    }
    cnnc_rows_sums(values, weights, runs, sums);
    for (int32_t channel = 0; channel < 8; ++channel) {
        output[channel] =
            cnnc_requantize_s8(sums[channel], channels[32 + channel], channels[40 + channel] + less,
                               p->zero_point, p->minimum, p->maximum);
    }
}

CNNC_KERNEL int32_t cnnc_rows_length(const int32_t *runs) {
    static const int32_t lengths[] = {8, 16, 24, 32, 64, 64, 64, 64};
    int32_t length = 0;
    for (; *runs >= 0; ++runs) {
        length += (*runs / 65536 + 1) * lengths[*runs % 65536 / 4];
    }
    return length;
}

CNNC_SHARED_KERNEL void cnnc_rows_neon64(const struct cnnc_rows_layer_neon64 *p, const int8_t *rows,
                                         int32_t count, int8_t *output) {
    const int32_t *runs = p->runs + 1;
    const int32_t length = cnnc_rows_length(runs);
    for (int32_t block = 0; 8 * block < p->output_channels; ++block) {
        const int32_t last = p->output_channels - 8;
        const int32_t first = 8 * block < last ? 8 * block : last;
        for (int32_t row = 0; row < count; ++row) {
            cnnc_rows_block(p, p->channels + 48 * block, rows + row * p->row_bytes,
                            p->weights + 8 * length * block, runs,
                            output + row * p->output_step + first);
        }
        while (*runs++ >= 0) {
        }
        ++runs;
    }
}

#define CNNC_ROWS_NEON64 cnnc_rows_neon64

#endif

/* The same for any number of channels. scratch: 8 bytes for each row if there are fewer than 8. */
CNNC_KERNEL void cnnc_rows_of_any_neon64(const struct cnnc_rows_layer_neon64 *p, int32_t channels,
                                         const int8_t *rows, int32_t count, int8_t *output,
                                         int8_t *scratch) {
    if (channels >= 8) {
        CNNC_ROWS_NEON64(p, rows, count, output);
        return;
    }
    CNNC_ROWS_NEON64(p, rows, count, scratch);
    for (int32_t row = 0; row < count; ++row) {
        memcpy(output + row * channels, scratch + 8 * row, (size_t)channels);
    }
}

#endif

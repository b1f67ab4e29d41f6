/* SPDX-License-Identifier: MIT-0 */
/* Rows times int8 weights on Armv7-A with NEON: tiles of two rows and four output channels, 32
 * products of each at a time, chains of four of them added in 16 bits where that is known to be
 * exact.
 *
 * Weights are blocks of four channels: [chunk][channel][32], then [channel][tail]. The last four
 * channels make the last block, so that it overlaps the one before where their number is no
 * multiple of four; missing ones are zero if there are fewer than four. Weights behind a row's end
 * are zero; rows are read as far as that.
 *
 * Constants are, for each block, biases, multipliers and shifts of its channels, then a byte for
 * each chunk, one for the end, and zeros up to a word. A chunk's byte has a bit set for each
 * channel some of whose chains of four (products 8 apart) may pass 16 bits, so that chains of two
 * are summed; it is 18 where even these may. The end is 20, 16 for a tail of 8, 17 for one of 16
 * (whose chains of two fit). */
#ifndef CNNC_ROWS_NEON32_H
#define CNNC_ROWS_NEON32_H

#include "cnnc_neon.h"

#define CNNC_NEON32_BLOCK 4
#define CNNC_NEON32_CHUNK 32
#define CNNC_NEON32_NARROW_ROWS 64

/* Assembly knows the order and size of these fields. */
struct cnnc_rows_neon32 {
    const int8_t *rows;
    int32_t row_bytes; /* from a row to the next */
    int32_t row_count; /* at least one */
    const int8_t *weights;
    const int32_t *channels; /* constants */
    int8_t *output;
    int32_t output_channels; /* at least four */
    int32_t depth;           /* of the weights: 32 chunks + tail */
    int32_t chunks;
    int32_t tail; /* 0, 8 or 16 */
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    /* 2: any. 1: all shifts are negative. 0: besides, sums below zero end at the lower clamp. */
    int32_t scale;
};

#if CNNC_HAS_NEON32
#ifdef __cplusplus
extern "C" {
#endif
/* output[row][channel] for all rows and channels. */
void CNNC_SYMBOL(multiply_rows_neon32)(const struct cnnc_rows_neon32 *job);
#ifdef __cplusplus
}
#endif

#define CNNC_MULTIPLY_ROWS_NEON32 CNNC_SYMBOL(multiply_rows_neon32)

#else

CNNC_KERNEL int8_t cnnc_neon32_result(const struct cnnc_rows_neon32 *job, const int8_t *row,
                                      const int8_t *weights, const int32_t *constants,
                                      int32_t channel) {
    const int32_t in_chunks = job->chunks * CNNC_NEON32_CHUNK;
    const int8_t *const tail = weights + CNNC_NEON32_BLOCK * in_chunks + channel * job->tail;
    int32_t sum = constants[channel];
    for (int32_t i = 0; i < in_chunks; ++i) {
        const int32_t chunk = i / CNNC_NEON32_CHUNK;
        const int32_t line = CNNC_NEON32_BLOCK * chunk + channel;
        sum += row[i] * weights[CNNC_NEON32_CHUNK * (line - chunk) + i];
    }
    for (int32_t i = 0; i < job->tail; ++i) {
        sum += row[in_chunks + i] * tail[i];
    }
    return cnnc_requantize_s8(sum, constants[CNNC_NEON32_BLOCK + channel],
                              constants[2 * CNNC_NEON32_BLOCK + channel], job->output_zero_point,
                              job->minimum, job->maximum);
}

CNNC_KERNEL void cnnc_multiply_rows_neon32(const struct cnnc_rows_neon32 *job) {
    const int32_t constants_step = 3 * CNNC_NEON32_BLOCK + (job->chunks + 4) / 4;
    const int32_t last = job->output_channels - CNNC_NEON32_BLOCK;
    const int8_t *weights = job->weights;
    const int32_t *constants = job->channels;
    for (int32_t block = 0; block < last + CNNC_NEON32_BLOCK; block += CNNC_NEON32_BLOCK) {
        const int32_t first = block < last ? block : last;
        for (int32_t i = 0; i < CNNC_NEON32_BLOCK * job->row_count; ++i) {
            const int32_t row = i / CNNC_NEON32_BLOCK;
            const int32_t channel = i % CNNC_NEON32_BLOCK;
            job->output[row * job->output_channels + first + channel] = cnnc_neon32_result(
                job, job->rows + row * job->row_bytes, weights, constants, channel);
        }
        weights += CNNC_NEON32_BLOCK * job->depth;
        constants += constants_step;
    }
}

#define CNNC_MULTIPLY_ROWS_NEON32 cnnc_multiply_rows_neon32

#endif

/* All results of some rows, at most 64 if there are fewer than four channels. */
CNNC_KERNEL void cnnc_neon32_run(const struct cnnc_rows_neon32 *job) {
    struct cnnc_rows_neon32 padded = *job;
    int8_t results[CNNC_NEON32_BLOCK * CNNC_NEON32_NARROW_ROWS];
    if (job->output_channels >= CNNC_NEON32_BLOCK) {
        CNNC_MULTIPLY_ROWS_NEON32(&padded);
        return;
    }
    padded.output_channels = CNNC_NEON32_BLOCK;
    padded.output = results;
    CNNC_MULTIPLY_ROWS_NEON32(&padded);
    for (int32_t row = 0; row < job->row_count; ++row) {
        memcpy(job->output + row * job->output_channels, results + CNNC_NEON32_BLOCK * row,
               (size_t)job->output_channels);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Products of one vector with the weights of blocks of eight output channels (Helium).
 *
 * Weights are [block][step][8][16]: a first step of first_depth values if that is not 0, then later
 * steps of 16; channels are [block], eight biases in the order 0, 2, 4, 6, 1, 3, 5, 7 of the sums'
 * registers, eight multipliers and eight dividers in the order 0, 2, 4, 6, 1, 3, 5, 7. Reads of
 * weights may pass their end by 15 bytes if there is no later step. */
#ifndef CNNC_MVE_ROWS_H
#define CNNC_MVE_ROWS_H

#include "cnnc_mve.h"

struct cnnc_mve_rows {
    const int8_t *values;
    const int8_t *weights;
    const int32_t *channels;
    int8_t *output;
    int32_t blocks;
    int32_t later_steps;
    int32_t first_depth; /* 0..15 */
    int32_t zero_point;
    int32_t last_count; /* channels of the last block that exist */
};

#if CNNC_HAS_MVE
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(mve_rows)(const struct cnnc_mve_rows *rows);
#ifdef __cplusplus
}
#endif
#else

/* Sums of eight channels; weights are those of the block. */
CNNC_KERNEL void cnnc_mve_row_sums(const struct cnnc_mve_rows *rows, const int8_t *weights,
                                   int32_t sums[8]) {
    const int8_t *values = rows->values;
    for (int32_t step = rows->first_depth > 0 ? 0 : 1; step <= rows->later_steps; ++step) {
        const int32_t depth = step > 0 ? 16 : rows->first_depth;
        for (int32_t i = 0; i < 8 * depth; ++i) {
            sums[i / depth] += weights[i] * values[i % depth];
        }
        weights += 8 * depth;
        values += depth;
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_rows)(const struct cnnc_mve_rows *rows) {
    const int32_t block_bytes = 8 * (rows->first_depth + 16 * rows->later_steps);
    for (int32_t block = 0; block < rows->blocks; ++block) {
        const int32_t *constants = rows->channels + 24 * block;
        const int32_t count = block + 1 < rows->blocks ? 8 : rows->last_count;
        int32_t sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        cnnc_mve_row_sums(rows, rows->weights + block * block_bytes, sums);
        for (int32_t i = 0; i < count; ++i) {
            const int32_t place = i / 2 + i % 2 * 4;
            rows->output[8 * block + i] =
                cnnc_mve_scale_s8(sums[i] + constants[place], constants[8 + place],
                                  constants[16 + place], rows->zero_point);
        }
    }
}
#endif

#endif

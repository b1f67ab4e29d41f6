/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layer of any number of rows with AVX2. */
#ifndef CNNC_FULLY_CONNECTED_S8_AVX2_H
#define CNNC_FULLY_CONNECTED_S8_AVX2_H

#include "cnnc_tiles_avx2.h"

struct cnnc_fully_connected_s8_avx2_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t tile_rows;
    int32_t tile_vectors;
    int32_t chunk_rows;
};

/* output[r][o] = requantize(bias[o] + sum over i of weights[o][i] * input[r][i]). weights and
 * channels as in cnnc_tiles_avx2.h; scratch, aligned to 2, has room for chunk_rows rows of 16-bit
 * numbers, each an even count. chunk_rows is a multiple of tile_rows, which is at most rows. */
CNNC_KERNEL void
cnnc_fully_connected_s8_avx2(const struct cnnc_fully_connected_s8_avx2_parameters *p,
                             const int8_t *CNNC_RESTRICT input, const int8_t *CNNC_RESTRICT weights,
                             const int32_t *CNNC_RESTRICT channels, int8_t *CNNC_RESTRICT output,
                             int8_t *CNNC_RESTRICT scratch) {
    const int32_t pairs = (p->input_channels + 1) / 2;
    const struct cnnc_tiles_avx2 tiles = {
        pairs,      1,         0, 1, 0, 2 * pairs, p->output_channels, p->output_zero_point,
        p->minimum, p->maximum};
    const struct cnnc_tile_size_avx2 size = {p->tile_rows, p->tile_vectors};
    int16_t *const values = (int16_t *)(void *)scratch;
    for (int32_t row = 0; row < p->rows; row += p->chunk_rows) {
        const int32_t left = p->rows - row < p->chunk_rows ? p->rows - row : p->chunk_rows;
        const int32_t rows = left < p->tile_rows ? p->tile_rows : left;
        const int32_t first = row + left - rows;
        const struct cnnc_lines_avx2 lines = {1, 0, rows};
        const int8_t *const from = input + (ptrdiff_t)first * p->input_channels;
        for (int32_t line = 0; line < rows; ++line) {
            int16_t *const to = values + line * tiles.row_step;
            cnnc_widen_bytes_avx2(to, from + line * p->input_channels, p->input_channels);
            if (p->input_channels % 2 != 0) {
                to[p->input_channels] = 0;
            }
        }
        cnnc_run_tiles_avx2(&tiles, &size, &lines, values, weights, channels,
                            output + (ptrdiff_t)first * p->output_channels);
    }
}

#endif

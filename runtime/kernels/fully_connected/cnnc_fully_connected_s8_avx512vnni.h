/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layer of any number of rows with AVX-512 VNNI. */
#ifndef CNNC_FULLY_CONNECTED_S8_AVX512VNNI_H
#define CNNC_FULLY_CONNECTED_S8_AVX512VNNI_H

#include "cnnc_tiles_avx512vnni.h"

struct cnnc_fully_connected_s8_avx512vnni_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t is_real;
    int32_t tile_rows;
    int32_t tile_vectors;
    int32_t chunk_rows;
};

/* output[r][o] = requantize(bias[o] + sum over i of weights[o][i] * input[r][i]). weights and
 * channels as in cnnc_tiles_avx512vnni.h; scratch has room for chunk_rows rows, each rounded up to
 * 4 bytes. chunk_rows is a multiple of tile_rows, which is at most rows. */
CNNC_KERNEL void
cnnc_fully_connected_s8_avx512vnni(const struct cnnc_fully_connected_s8_avx512vnni_parameters *p,
                                   const int8_t *CNNC_RESTRICT input,
                                   const int8_t *CNNC_RESTRICT weights,
                                   const int32_t *CNNC_RESTRICT channels,
                                   int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const int32_t quads = (p->input_channels + 3) / 4;
    const struct cnnc_tiles_avx512vnni tiles = {quads,
                                                1,
                                                0,
                                                1,
                                                0,
                                                4 * quads,
                                                p->output_channels,
                                                p->output_zero_point,
                                                p->minimum,
                                                p->maximum,
                                                p->is_real};
    const struct cnnc_tile_size_avx512 size = {p->tile_rows, p->tile_vectors};
    uint8_t *const values = (uint8_t *)scratch;
    for (int32_t row = 0; row < p->rows; row += p->chunk_rows) {
        const int32_t left = p->rows - row < p->chunk_rows ? p->rows - row : p->chunk_rows;
        const int32_t rows = left < p->tile_rows ? p->tile_rows : left;
        const int32_t first = row + left - rows;
        const struct cnnc_lines_avx512 lines = {1, 0, rows, 0, 0, 0, 0};
        const int8_t *const from = input + (ptrdiff_t)first * p->input_channels;
        if (p->input_channels % 4 == 0) {
            cnnc_flip_bytes_avx512(values, from, rows * p->input_channels);
        } else {
            for (int32_t line = 0; line < rows; ++line) {
                cnnc_flip_bytes_avx512(values + line * tiles.row_bytes,
                                       from + line * p->input_channels, p->input_channels);
            }
        }
        cnnc_run_tiles_avx512vnni(&tiles, &size, &lines, values, weights, channels,
                                  output + (ptrdiff_t)first * p->output_channels);
    }
}

#endif

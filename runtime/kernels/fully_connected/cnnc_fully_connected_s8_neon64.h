/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layer, one row or many, on AArch64 without dot products. */
#ifndef CNNC_FULLY_CONNECTED_S8_NEON64_H
#define CNNC_FULLY_CONNECTED_S8_NEON64_H

#include "cnnc_rows_neon64.h"

struct cnnc_fully_connected_s8_neon64_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t scaling;
    int32_t tile_rows;
};

/* output[row][o] = requantize(bias[o] + sum over i of weights[o][i] * input[row][i]).
 * weights, runs and channels as in cnnc_rows_neon64.h; input is read up to 15 bytes beyond its end.
 * Rows are taken by so many that they stay in the first cache for all channels. scratch: 8 bytes
 * for each row of a tile if there are fewer than 8 channels. */
CNNC_KERNEL void cnnc_fully_connected_s8_neon64(
    const struct cnnc_fully_connected_s8_neon64_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT runs,
    const int32_t *CNNC_RESTRICT channels, int8_t *CNNC_RESTRICT output,
    int8_t *CNNC_RESTRICT scratch) {
    const int32_t width = p->output_channels < 8 ? 8 : p->output_channels;
    const struct cnnc_rows_layer_neon64 layer = {
        weights,           runs,      channels,   width,
        p->input_channels, width,     p->scaling, p->output_zero_point,
        p->minimum,        p->maximum};
    for (int32_t row = 0; row < p->rows; row += p->tile_rows) {
        const int32_t left = p->rows - row;
        const int32_t count = left < p->tile_rows ? left : p->tile_rows;
        cnnc_rows_of_any_neon64(&layer, p->output_channels, input + row * p->input_channels, count,
                                output + row * p->output_channels, scratch);
    }
}

#endif

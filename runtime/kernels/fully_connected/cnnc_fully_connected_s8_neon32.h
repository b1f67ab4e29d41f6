/* SPDX-License-Identifier: MIT-0 */
/* Rows times weights on Armv7-A with NEON: fully connected layers and convolutions without a
 * window. */
#ifndef CNNC_FULLY_CONNECTED_S8_NEON32_H
#define CNNC_FULLY_CONNECTED_S8_NEON32_H

#include "cnnc_rows_neon32.h"

struct cnnc_fully_connected_s8_neon32_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t depth;
    int32_t chunks;
    int32_t tail;
    int32_t scale;
    int32_t rows_at_once; /* so many stay in a cache while all weights are read */
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* output[row][o] = requantize(bias[o] + sum over i of weights[o][i] * input[row][i]). weights and
 * channels as in cnnc_rows_neon32.h, the input zero point folded into the biases. Reads up to 31
 * bytes beyond input. At most 64 rows at once if there are fewer than four output channels. */
CNNC_KERNEL void cnnc_fully_connected_s8_neon32(
    const struct cnnc_fully_connected_s8_neon32_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT channels,
    int8_t *CNNC_RESTRICT output) {
    struct cnnc_rows_neon32 job = {input,
                                   p->input_channels,
                                   0,
                                   weights,
                                   channels,
                                   output,
                                   p->output_channels,
                                   p->depth,
                                   p->chunks,
                                   p->tail,
                                   p->output_zero_point,
                                   p->minimum,
                                   p->maximum,
                                   p->scale};
    for (int32_t first = 0; first < p->rows; first += p->rows_at_once) {
        const int32_t left = p->rows - first;
        job.row_count = left < p->rows_at_once ? left : p->rows_at_once;
        cnnc_neon32_run(&job);
        job.rows += job.row_count * p->input_channels;
        job.output += job.row_count * p->output_channels;
    }
}

#endif

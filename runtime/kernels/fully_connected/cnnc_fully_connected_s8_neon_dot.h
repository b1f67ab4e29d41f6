/* SPDX-License-Identifier: MIT-0 */
/* Rows times weights with dot products (AArch64): fully connected layers and pointwise
 * convolutions. */
#ifndef CNNC_FULLY_CONNECTED_S8_NEON_DOT_H
#define CNNC_FULLY_CONNECTED_S8_NEON_DOT_H

#include "cnnc_layer_neon_dot.h"

struct cnnc_fully_connected_s8_neon_dot_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t wide_blocks;
    int32_t has_late_wide_block;
    int32_t eight_blocks;
    int32_t four_blocks;
    int32_t scaling;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* As cnnc_fully_connected_s8; weights and channels as in cnnc_rows_neon_dot.h, each row one
 * segment. */
CNNC_KERNEL void cnnc_fully_connected_s8_neon_dot(
    const struct cnnc_fully_connected_s8_neon_dot_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT channels,
    int8_t *CNNC_RESTRICT output) {
    const struct cnnc_dot_layer layer = {
        p->output_channels,   p->wide_blocks, p->has_late_wide_block,
        p->eight_blocks,      p->four_blocks, p->scaling,
        p->output_zero_point, p->minimum,     p->maximum};
    const struct cnnc_dot_lines lines = {input, output, 1, 0};
    struct cnnc_dot_rows rows = {input, weights, channels, output, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    rows.rows = p->rows;
    rows.row_step = p->input_channels;
    rows.quads = (p->input_channels + 3) / 4;
    cnnc_dot_run_inlined(&layer, &lines, rows);
}

#endif

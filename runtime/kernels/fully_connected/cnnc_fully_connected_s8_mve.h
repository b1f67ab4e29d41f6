/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layer, eight output channels at a time (Helium). */
#ifndef CNNC_FULLY_CONNECTED_S8_MVE_H
#define CNNC_FULLY_CONNECTED_S8_MVE_H

#include "cnnc_mve_rows.h"

struct cnnc_fully_connected_s8_mve_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* As cnnc_fully_connected_s8; weights and channels as in cnnc_mve_rows.h. */
CNNC_SHARED_KERNEL void
cnnc_fully_connected_s8_mve(const struct cnnc_fully_connected_s8_mve_parameters *p,
                            const int8_t *CNNC_RESTRICT input, const int8_t *CNNC_RESTRICT weights,
                            const int32_t *CNNC_RESTRICT channels, int8_t *CNNC_RESTRICT output) {
    const int32_t count = p->output_channels;
    struct cnnc_mve_rows rows;
    rows.values = input;
    rows.weights = weights;
    rows.channels = channels;
    rows.output = output;
    rows.blocks = (count + 7) / 8;
    rows.later_steps = p->input_channels / 16;
    rows.first_depth = p->input_channels % 16;
    rows.zero_point = p->output_zero_point;
    rows.last_count = count - 8 * (rows.blocks - 1);
    for (int32_t row = 0; row < p->rows; ++row) {
        CNNC_SYMBOL(mve_rows)(&rows);
        rows.values += p->input_channels;
        rows.output += count;
    }
    cnnc_mve_clamp_s8(output, p->rows * count, p->minimum, p->maximum);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Pointwise convolution, four pixels at a time (Helium): one tap, any stride, no padding. */
#ifndef CNNC_CONV2D_1X1_S8_MVE_H
#define CNNC_CONV2D_1X1_S8_MVE_H

#include "cnnc_mve_panel.h"

struct cnnc_conv2d_1x1_s8_mve_parameters {
    int32_t output_pixels; /* of all images */
    int32_t output_cols;
    int32_t input_channels;
    int32_t output_channels;
    int32_t col_step;   /* from a pixel that is read to the next in its row, bytes */
    int32_t row_step;   /* from the last one of a row to the first of the next */
    int32_t image_step; /* the same for the next image */
    int32_t output_rows;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* Where the next pixel is read. */
struct cnnc_conv2d_1x1_mve_position {
    const int8_t *pixel;
    int32_t row;
    int32_t col;
};

CNNC_KERNEL void cnnc_conv2d_1x1_mve_advance(const struct cnnc_conv2d_1x1_s8_mve_parameters *p,
                                             struct cnnc_conv2d_1x1_mve_position *position) {
    ++position->col;
    if (position->col < p->output_cols) {
        position->pixel += p->col_step;
        return;
    }
    position->col = 0;
    ++position->row;
    if (position->row < p->output_rows) {
        position->pixel += p->row_step;
        return;
    }
    position->row = 0;
    position->pixel += p->image_step;
}

/* output[b][r][c][o] = requantize(bias[o] + sum over i of weights[o][i] * pixel[i]), as
 * cnnc_conv2d_1x1_s8; weights and channels as in cnnc_mve_panel.h, panel is scratch of
 * 64 * ceil(input_channels / 16) bytes. */
CNNC_SHARED_KERNEL void cnnc_conv2d_1x1_s8_mve(const struct cnnc_conv2d_1x1_s8_mve_parameters *p,
                                               const int8_t *CNNC_RESTRICT input,
                                               const int8_t *CNNC_RESTRICT weights,
                                               const int32_t *CNNC_RESTRICT channels,
                                               int8_t *CNNC_RESTRICT output,
                                               int8_t *CNNC_RESTRICT values) {
    const int32_t count = p->output_channels;
    struct cnnc_conv2d_1x1_mve_position position = {input, 0, 0};
    const int8_t *sources[4] = {input, input, input, input};
    struct cnnc_mve_panel panel;
    panel.values = values;
    panel.weights = weights;
    panel.channels = channels;
    cnnc_mve_panel_begin(&panel, count, p->input_channels, p->output_zero_point);
    cnnc_mve_panel_pixels(&panel, count, count, 4);
    for (int32_t first = 0; first < p->output_pixels; first += 4) {
        const int32_t left = p->output_pixels - first;
        for (int32_t pixel = 0; pixel < 4; ++pixel) {
            sources[pixel] = position.pixel;
            if (pixel + 1 < left) {
                cnnc_conv2d_1x1_mve_advance(p, &position);
            }
        }
        if (left < 4) {
            cnnc_mve_panel_pixels(&panel, count, count, left);
        }
        panel.output = output + first * count;
        CNNC_SYMBOL(mve_panel_pack)(values, sources, panel.first_depth, panel.later_steps);
        cnnc_mve_panel_run(&panel);
    }
    cnnc_mve_clamp_s8(output, p->output_pixels * count, p->minimum, p->maximum);
}

#endif

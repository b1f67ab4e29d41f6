/* SPDX-License-Identifier: MIT-0 */
/* Pointwise convolution, four pixels at a time (Helium): one tap, any stride, no padding. */
#ifndef CNNC_CONV2D_1X1_S8_MVE_H
#define CNNC_CONV2D_1X1_S8_MVE_H

#include "cnnc_mve_panel.h"

struct cnnc_conv2d_1x1_s8_mve_parameters {
    /* Pixels that are read at equal distances are a line: all of them without strides. */
    int32_t images;
    int32_t image_step; /* bytes */
    int32_t lines;
    int32_t line_step;  /* bytes */
    int32_t pixels;     /* of a line */
    int32_t pixel_step; /* bytes */
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

CNNC_SHARED_KERNEL void cnnc_conv2d_1x1_lines_mve(const struct cnnc_conv2d_1x1_s8_mve_parameters *p,
                                                  cnnc_mve_panel_function run,
                                                  struct cnnc_mve_panel *panel,
                                                  const int8_t *CNNC_RESTRICT input,
                                                  int8_t *CNNC_RESTRICT output) {
    const int32_t line_bytes = p->pixels * p->output_channels;
    int8_t *result = output;
    cnnc_mve_panel_begin(panel, p->output_channels, p->input_channels, p->output_zero_point);
    for (int32_t image = 0; image < p->images; ++image) {
        for (int32_t line = 0; line < p->lines; ++line) {
            cnnc_mve_panel_run(panel, run, p->pixels,
                               input + image * p->image_step + line * p->line_step, p->pixel_step,
                               result);
            result += line_bytes;
        }
    }
    cnnc_mve_clamp_s8(output, p->images * p->lines * line_bytes, p->minimum, p->maximum);
}

/* As cnnc_conv2d_1x1_s8; weights and channels as in cnnc_mve_panel.h, values is scratch of
 * 64 * ceil(input_channels / 16) bytes. */
CNNC_KERNEL void cnnc_conv2d_1x1_s8_mve(const struct cnnc_conv2d_1x1_s8_mve_parameters *p,
                                        const int8_t *CNNC_RESTRICT input,
                                        const int8_t *CNNC_RESTRICT weights,
                                        const int32_t *CNNC_RESTRICT channels,
                                        int8_t *CNNC_RESTRICT output,
                                        int8_t *CNNC_RESTRICT values) {
    struct cnnc_mve_panel panel;
    panel.values = values;
    panel.weights = weights;
    panel.channels = channels;
    cnnc_conv2d_1x1_lines_mve(p, cnnc_mve_panel_kind(p->output_channels, p->input_channels), &panel,
                              input, output);
}

#endif

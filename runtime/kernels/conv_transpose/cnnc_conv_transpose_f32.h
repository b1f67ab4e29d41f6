/* SPDX-License-Identifier: MIT-0 */
/* Transposed convolution of real numbers over planes, rows and columns; an image is one plane. */
#ifndef CNNC_CONV_TRANSPOSE_F32_H
#define CNNC_CONV_TRANSPOSE_F32_H

#include "cnnc_channel_sums_f32.h"
#include "cnnc_conv_transpose_geometry.h"

struct cnnc_conv_transpose_f32_parameters {
    int32_t batch;
    int32_t input_planes;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_planes;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t groups;
    int32_t kernel_planes;
    int32_t kernel_rows;
    int32_t kernel_cols;
    int32_t stride_planes;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t dilation_planes;
    int32_t dilation_rows;
    int32_t dilation_cols;
    int32_t cut_front;
    int32_t cut_top;
    int32_t cut_left;
    float minimum;
    float maximum;
};

CNNC_KERNEL struct cnnc_transposed_volume
cnnc_conv_transpose_volume_f32(const struct cnnc_conv_transpose_f32_parameters *p) {
    const struct cnnc_transposed_volume volume = {{p->kernel_planes, p->stride_planes,
                                                   p->dilation_planes, p->cut_front,
                                                   p->input_planes, p->output_planes},
                                                  {p->kernel_rows, p->stride_rows, p->dilation_rows,
                                                   p->cut_top, p->input_rows, p->output_rows},
                                                  {p->kernel_cols, p->stride_cols, p->dilation_cols,
                                                   p->cut_left, p->input_cols, p->output_cols}};
    return volume;
}

/* Adds the taps of one row that lie inside; input points at the row and the group's first channel.
 */
CNNC_KERNEL struct cnnc_sums_f32
cnnc_conv_transpose_add_row_f32(const struct cnnc_conv_transpose_f32_parameters *p,
                                struct cnnc_sums_f32 sums, const struct cnnc_phase_axis *cols,
                                const float *CNNC_RESTRICT input, int32_t first_col,
                                const float *CNNC_RESTRICT weights, int32_t width) {
    const int32_t depth = p->input_channels / p->groups;
    for (int32_t tap = 0; tap < cols->taps; ++tap) {
        const int32_t col = first_col - tap * cols->tap_step;
        if (col >= 0 && col < p->input_cols) {
            sums = cnnc_add_products_f32(sums, input + col * p->input_channels,
                                         weights + tap * depth * width, depth, width);
        }
    }
    return sums;
}

/* Computes `width` channels of one output; input points at the group's first channel. */
CNNC_KERNEL void cnnc_conv_transpose_block_f32(const struct cnnc_conv_transpose_f32_parameters *p,
                                               const struct cnnc_phase *phase,
                                               const float *CNNC_RESTRICT input,
                                               const float *CNNC_RESTRICT weights,
                                               const float *CNNC_RESTRICT bias,
                                               struct cnnc_phase_origin origin, int32_t width,
                                               float *CNNC_RESTRICT output) {
    const struct cnnc_limits_f32 limits = {p->minimum, p->maximum};
    const int32_t row_values = p->input_cols * p->input_channels;
    const int32_t row_weights = phase->cols.taps * (p->input_channels / p->groups) * width;
    struct cnnc_sums_f32 sums = cnnc_sums_from_f32(bias, width);
    for (int32_t tap_plane = 0; tap_plane < phase->planes.taps; ++tap_plane) {
        const int32_t plane = origin.plane - tap_plane * phase->planes.tap_step;
        for (int32_t tap_row = 0; tap_row < phase->rows.taps; ++tap_row) {
            const int32_t row = origin.row - tap_row * phase->rows.tap_step;
            if (plane >= 0 && plane < p->input_planes && row >= 0 && row < p->input_rows) {
                sums = cnnc_conv_transpose_add_row_f32(
                    p, sums, &phase->cols, input + (plane * p->input_rows + row) * row_values,
                    origin.col, weights, width);
            }
            weights += row_weights;
        }
    }
    cnnc_store_sums_f32(&sums, &limits, width, output);
}

/* Computes all channels of one output, group by group; weights are the phase's. */
CNNC_KERNEL void
cnnc_conv_transpose_pixel_f32(const struct cnnc_conv_transpose_f32_parameters *p,
                              const struct cnnc_phase *phase, const float *CNNC_RESTRICT input,
                              const float *CNNC_RESTRICT weights, const float *CNNC_RESTRICT bias,
                              struct cnnc_phase_origin origin, float *CNNC_RESTRICT output) {
    const int32_t depth = p->input_channels / p->groups;
    const int32_t count = p->output_channels / p->groups;
    const int32_t blocked = count - count % CNNC_BLOCK_F32;
    const int32_t products = phase->taps * depth;
    for (int32_t group = 0; group < p->groups; ++group) {
        const float *values = input + group * depth;
        const int32_t end = (group + 1) * count;
        int32_t o = group * count;
        for (; o < group * count + blocked; o += CNNC_BLOCK_F32) {
            cnnc_conv_transpose_block_f32(p, phase, values, weights + o * products, bias + o,
                                          origin, CNNC_BLOCK_F32, output + o);
        }
        for (; o < end; ++o) {
            cnnc_conv_transpose_block_f32(p, phase, values, weights + o * products, bias + o,
                                          origin, 1, output + o);
        }
    }
}

/* Computes the outputs of one phase; input and output are one sample's. */
CNNC_KERNEL void cnnc_conv_transpose_phase_f32(const struct cnnc_conv_transpose_f32_parameters *p,
                                               const struct cnnc_phase *phase,
                                               const float *CNNC_RESTRICT input,
                                               const float *CNNC_RESTRICT weights,
                                               const float *CNNC_RESTRICT bias,
                                               float *CNNC_RESTRICT output) {
    const struct cnnc_transposed_volume volume = cnnc_conv_transpose_volume_f32(p);
    const int32_t rows = cnnc_phase_outputs(&volume.rows, &phase->rows);
    const int32_t cols = cnnc_phase_outputs(&volume.cols, &phase->cols);
    const int32_t lines = cnnc_phase_outputs(&volume.planes, &phase->planes) * rows;
    for (int32_t line = 0; line < lines; ++line) {
        const int32_t plane = line / rows;
        const int32_t row = line % rows;
        for (int32_t col = 0; col < cols; ++col) {
            const int32_t pixel = cnnc_phase_pixel(&volume, phase, plane, row, col);
            cnnc_conv_transpose_pixel_f32(p, phase, input, weights, bias,
                                          cnnc_phase_origin_at(phase, plane, row, col),
                                          output + pixel * p->output_channels);
        }
    }
}

/* output[b][d][r][c][o] = clamp(bias[o] + sum over the taps of its phase that see the volume and i,
 * in order, of weights[o][tap][i] * pixel[i]), see cnnc_transposed.h. weights: for each phase and
 * group [tap of the phase][input_channels / groups] in blocks of channels
 * (cnnc_channel_sums_f32.h), bias [output_channels]. */
CNNC_KERNEL void cnnc_conv_transpose_f32(const struct cnnc_conv_transpose_f32_parameters *p,
                                         const float *CNNC_RESTRICT input,
                                         const float *CNNC_RESTRICT weights,
                                         const float *CNNC_RESTRICT bias,
                                         float *CNNC_RESTRICT output) {
    const struct cnnc_transposed_volume volume = cnnc_conv_transpose_volume_f32(p);
    const int32_t source = p->input_planes * p->input_rows * p->input_cols * p->input_channels;
    const int32_t result = p->output_planes * p->output_rows * p->output_cols * p->output_channels;
    const int32_t tap_weights = p->output_channels * (p->input_channels / p->groups);
    for (int32_t index = 0; index < cnnc_phase_count(&volume); ++index) {
        const struct cnnc_phase phase = cnnc_phase_at(&volume, index);
        for (int32_t batch = 0; batch < p->batch; ++batch) {
            cnnc_conv_transpose_phase_f32(p, &phase, input + batch * source,
                                          weights + phase.earlier_taps * tap_weights, bias,
                                          output + batch * result);
        }
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Transposed convolution over planes, rows and columns; an image is one plane. */
#ifndef CNNC_CONV_TRANSPOSE_S8_H
#define CNNC_CONV_TRANSPOSE_S8_H

#include "cnnc_channel_sums.h"
#include "cnnc_conv_transpose_geometry.h"

struct cnnc_conv_transpose_s8_parameters {
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
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

CNNC_KERNEL struct cnnc_transposed_volume
cnnc_conv_transpose_volume_s8(const struct cnnc_conv_transpose_s8_parameters *p) {
    const struct cnnc_transposed_volume volume = {{p->kernel_planes, p->stride_planes,
                                                   p->dilation_planes, p->cut_front,
                                                   p->input_planes, p->output_planes},
                                                  {p->kernel_rows, p->stride_rows, p->dilation_rows,
                                                   p->cut_top, p->input_rows, p->output_rows},
                                                  {p->kernel_cols, p->stride_cols, p->dilation_cols,
                                                   p->cut_left, p->input_cols, p->output_cols}};
    return volume;
}

/* Gathers what the taps of one phase see in one row as [tap][depth]; input points at the group's
 * first channel, row is its index among all rows, or negative where the row is outside. */
CNNC_KERNEL void
cnnc_conv_transpose_gather_row_s8(const struct cnnc_conv_transpose_s8_parameters *p,
                                  const struct cnnc_phase_axis *cols,
                                  const int8_t *CNNC_RESTRICT input, int32_t row, int32_t first_col,
                                  int8_t *CNNC_RESTRICT patch) {
    const int32_t depth = p->input_channels / p->groups;
    for (int32_t tap = 0; tap < cols->taps; ++tap) {
        const int32_t col = first_col - tap * cols->tap_step;
        if (row >= 0 && col >= 0 && col < p->input_cols) {
            memcpy(patch, input + (row * p->input_cols + col) * p->input_channels, (size_t)depth);
        } else {
            memset(patch, p->input_zero_point, (size_t)depth);
        }
        patch += depth;
    }
}

/* The same for all taps; what lies outside becomes the input zero point, so that the folded bias is
 * exact there too. */
CNNC_KERNEL void cnnc_conv_transpose_gather_s8(const struct cnnc_conv_transpose_s8_parameters *p,
                                               const struct cnnc_phase *phase,
                                               const int8_t *CNNC_RESTRICT input,
                                               struct cnnc_phase_origin origin,
                                               int8_t *CNNC_RESTRICT patch) {
    const int32_t row_bytes = phase->cols.taps * (p->input_channels / p->groups);
    for (int32_t tap_plane = 0; tap_plane < phase->planes.taps; ++tap_plane) {
        const int32_t plane = origin.plane - tap_plane * phase->planes.tap_step;
        for (int32_t tap_row = 0; tap_row < phase->rows.taps; ++tap_row) {
            const int32_t row = origin.row - tap_row * phase->rows.tap_step;
            const int inside =
                plane >= 0 && plane < p->input_planes && row >= 0 && row < p->input_rows;
            cnnc_conv_transpose_gather_row_s8(p, &phase->cols, input,
                                              inside ? plane * p->input_rows + row : -1, origin.col,
                                              patch);
            patch += row_bytes;
        }
    }
}

/* Computes all channels of one output, group by group; channels are the phase's. */
CNNC_KERNEL void cnnc_conv_transpose_pixel_s8(
    const struct cnnc_conv_transpose_s8_parameters *p, const struct cnnc_phase *phase,
    const int8_t *CNNC_RESTRICT input, const struct cnnc_channels_s8 *channels,
    struct cnnc_phase_origin origin, int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_output_format_s8 format = {p->output_zero_point, p->minimum, p->maximum};
    const int32_t depth = p->input_channels / p->groups;
    const int32_t count = p->output_channels / p->groups;
    const int32_t patch_depth = phase->taps * depth;
    for (int32_t group = 0; group < p->groups; ++group) {
        const struct cnnc_channels_s8 block =
            cnnc_channels_from_s8(channels, group * count, patch_depth);
        cnnc_conv_transpose_gather_s8(p, phase, input + group * depth, origin, patch);
        cnnc_channel_sums_s8(&block, &format, count, patch_depth, patch, output + group * count);
    }
}

/* Computes the outputs of one phase; input and output are one sample's. */
CNNC_KERNEL void cnnc_conv_transpose_phase_s8(const struct cnnc_conv_transpose_s8_parameters *p,
                                              const struct cnnc_phase *phase,
                                              const int8_t *CNNC_RESTRICT input,
                                              const struct cnnc_channels_s8 *channels,
                                              int8_t *CNNC_RESTRICT output,
                                              int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_transposed_volume volume = cnnc_conv_transpose_volume_s8(p);
    const int32_t rows = cnnc_phase_outputs(&volume.rows, &phase->rows);
    const int32_t cols = cnnc_phase_outputs(&volume.cols, &phase->cols);
    const int32_t lines = cnnc_phase_outputs(&volume.planes, &phase->planes) * rows;
    for (int32_t line = 0; line < lines; ++line) {
        const int32_t plane = line / rows;
        const int32_t row = line % rows;
        for (int32_t col = 0; col < cols; ++col) {
            const int32_t pixel = cnnc_phase_pixel(&volume, phase, plane, row, col);
            cnnc_conv_transpose_pixel_s8(p, phase, input, channels,
                                         cnnc_phase_origin_at(phase, plane, row, col),
                                         output + pixel * p->output_channels, patch);
        }
    }
}

/* output[b][d][r][c][o] = requantize(bias[o] + sum over the taps of its phase and i of
 * weights[o][tap][i] * pixel[i]), see cnnc_transposed.h. weights [phase][output_channels][tap of
 * the phase][input_channels / groups], bias (input zero point folded in) [phase][output_channels],
 * multipliers and shifts [output_channels]; patch is scratch for the taps of one group. */
CNNC_KERNEL void cnnc_conv_transpose_s8(const struct cnnc_conv_transpose_s8_parameters *p,
                                        const int8_t *CNNC_RESTRICT input,
                                        const int8_t *CNNC_RESTRICT weights,
                                        const int32_t *CNNC_RESTRICT bias,
                                        const int32_t *CNNC_RESTRICT multipliers,
                                        const int8_t *CNNC_RESTRICT shifts,
                                        int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_transposed_volume volume = cnnc_conv_transpose_volume_s8(p);
    const int32_t source = p->input_planes * p->input_rows * p->input_cols * p->input_channels;
    const int32_t result = p->output_planes * p->output_rows * p->output_cols * p->output_channels;
    const int32_t tap_weights = p->output_channels * (p->input_channels / p->groups);
    for (int32_t index = 0; index < cnnc_phase_count(&volume); ++index) {
        const struct cnnc_phase phase = cnnc_phase_at(&volume, index);
        const struct cnnc_channels_s8 channels = {weights + phase.earlier_taps * tap_weights,
                                                  bias + index * p->output_channels, multipliers,
                                                  shifts};
        for (int32_t batch = 0; batch < p->batch; ++batch) {
            cnnc_conv_transpose_phase_s8(p, &phase, input + batch * source, &channels,
                                         output + batch * result, patch);
        }
    }
}

#endif

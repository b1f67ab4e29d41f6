/* SPDX-License-Identifier: MIT-0 */
/* 3-D convolution: any kernel, groups, strides, dilations and padding. */
#ifndef CNNC_CONV3D_S8_H
#define CNNC_CONV3D_S8_H

#include "cnnc_conv2d_s8.h"

struct cnnc_conv3d_s8_parameters {
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
    int32_t pad_front;
    int32_t pad_top;
    int32_t pad_left;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* Position of tap (0, 0, 0) in the volume. */
struct cnnc_conv3d_origin_s8 {
    int32_t plane;
    int32_t row;
    int32_t col;
};

/* The convolution of one plane by one plane of the kernel. */
CNNC_KERNEL struct cnnc_conv2d_s8_parameters
cnnc_conv3d_plane_s8(const struct cnnc_conv3d_s8_parameters *p) {
    const struct cnnc_conv2d_s8_parameters plane = {1,
                                                    p->input_rows,
                                                    p->input_cols,
                                                    p->input_channels,
                                                    p->output_rows,
                                                    p->output_cols,
                                                    p->output_channels,
                                                    p->groups,
                                                    p->kernel_rows,
                                                    p->kernel_cols,
                                                    p->stride_rows,
                                                    p->stride_cols,
                                                    p->dilation_rows,
                                                    p->dilation_cols,
                                                    p->pad_top,
                                                    p->pad_left,
                                                    p->input_zero_point,
                                                    p->output_zero_point,
                                                    p->minimum,
                                                    p->maximum};
    return plane;
}

/* Gathers the pixels under the kernel as [kernel_plane][kernel_row][kernel_col][depth]; padding
 * becomes the input zero point. volume points at the group's first channel. */
CNNC_KERNEL void cnnc_conv3d_gather_s8(const struct cnnc_conv3d_s8_parameters *p,
                                       const int8_t *CNNC_RESTRICT volume,
                                       struct cnnc_conv3d_origin_s8 origin, int32_t depth,
                                       int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_conv2d_s8_parameters image = cnnc_conv3d_plane_s8(p);
    const int32_t plane_size = p->input_rows * p->input_cols * p->input_channels;
    const int32_t patch_size = p->kernel_rows * p->kernel_cols * depth;
    for (int32_t tap = 0; tap < p->kernel_planes; ++tap) {
        const int32_t plane = origin.plane + tap * p->dilation_planes;
        if (plane < 0 || plane >= p->input_planes) {
            memset(patch, p->input_zero_point, (size_t)patch_size);
        } else {
            cnnc_conv2d_gather_s8(&image, volume + plane * plane_size, origin.row, origin.col,
                                  depth, patch);
        }
        patch += patch_size;
    }
}

/* Computes all channels of one output pixel, group by group. */
CNNC_KERNEL void cnnc_conv3d_pixel_s8(const struct cnnc_conv3d_s8_parameters *p,
                                      const int8_t *CNNC_RESTRICT volume,
                                      const struct cnnc_channels_s8 *channels,
                                      struct cnnc_conv3d_origin_s8 origin,
                                      int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_output_format_s8 format = {p->output_zero_point, p->minimum, p->maximum};
    const int32_t depth = p->input_channels / p->groups;
    const int32_t patch_depth = p->kernel_planes * p->kernel_rows * p->kernel_cols * depth;
    const int32_t count = p->output_channels / p->groups;
    for (int32_t group = 0; group < p->groups; ++group) {
        const struct cnnc_channels_s8 block =
            cnnc_channels_from_s8(channels, group * count, patch_depth);
        cnnc_conv3d_gather_s8(p, volume + group * depth, origin, depth, patch);
        cnnc_channel_sums_s8(&block, &format, count, patch_depth, patch, output + group * count);
    }
}

/* output[b][d][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] *
 * pixel[i]). weights [output_channels][kernel_plane][kernel_row][kernel_col]
 * [input_channels / groups], bias (input zero point folded in), multipliers and shifts
 * [output_channels]; patch is scratch for the taps of one group. */
CNNC_KERNEL void
cnnc_conv3d_s8(const struct cnnc_conv3d_s8_parameters *p, const int8_t *CNNC_RESTRICT input,
               const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT bias,
               const int32_t *CNNC_RESTRICT multipliers, const int8_t *CNNC_RESTRICT shifts,
               int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT patch) {
    const struct cnnc_channels_s8 channels = {weights, bias, multipliers, shifts};
    const int32_t volume = p->input_planes * p->input_rows * p->input_cols * p->input_channels;
    const int32_t lines = p->batch * p->output_planes * p->output_rows;
    for (int32_t line = 0; line < lines; ++line) {
        const int32_t plane = line / p->output_rows % p->output_planes;
        const int8_t *image = input + line / p->output_rows / p->output_planes * volume;
        struct cnnc_conv3d_origin_s8 origin = {plane * p->stride_planes - p->pad_front,
                                               line % p->output_rows * p->stride_rows - p->pad_top,
                                               0};
        for (int32_t col = 0; col < p->output_cols; ++col) {
            origin.col = col * p->stride_cols - p->pad_left;
            cnnc_conv3d_pixel_s8(p, image, &channels, origin, output, patch);
            output += p->output_channels;
        }
    }
}

#endif

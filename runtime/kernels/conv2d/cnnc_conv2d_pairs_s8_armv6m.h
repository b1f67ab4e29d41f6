/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution of one group for Thumb-1: eight output pixels at a time, two in a word. */
#ifndef CNNC_CONV2D_PAIRS_S8_ARMV6M_H
#define CNNC_CONV2D_PAIRS_S8_ARMV6M_H

#include "cnnc_pixel_pairs_armv6m.h"

struct cnnc_conv2d_pairs_s8_armv6m_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t kernel_rows;
    int32_t kernel_cols;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t dilation_rows;
    int32_t dilation_cols;
    int32_t pad_top;
    int32_t pad_left;
    int32_t input_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t sign_unit;
    int32_t wide;
    int32_t partials_offset; /* bytes into the scratch memory, like the two below */
    int32_t patches_offset;
    int32_t runs_offset;
};

/* The taps of an output pixel: kernel_rows runs of bytes, row_step bytes apart. */
struct cnnc_conv2d_pairs_taps {
    const int8_t *first;
    int32_t row_step;
};

/* Copies the taps of a pixel whose window leaves the image, or has gaps; padding becomes the input
 * zero point, so that the folded bias is exact there too. */
CNNC_KERNEL void cnnc_conv2d_pairs_patch(const struct cnnc_conv2d_pairs_s8_armv6m_parameters *p,
                                         const int8_t *image, int32_t first_row, int32_t first_col,
                                         int8_t *patch) {
    const int32_t depth = p->input_channels;
    for (int32_t tap_row = 0; tap_row < p->kernel_rows; ++tap_row) {
        const int32_t row = first_row + tap_row * p->dilation_rows;
        const int row_inside = row >= 0 && row < p->input_rows;
        for (int32_t tap_col = 0; tap_col < p->kernel_cols; ++tap_col) {
            const int32_t col = first_col + tap_col * p->dilation_cols;
            if (row_inside && col >= 0 && col < p->input_cols) {
                memcpy(patch, image + (row * p->input_cols + col) * depth, (size_t)depth);
            } else {
                memset(patch, p->input_zero_point, (size_t)depth);
            }
            patch += depth;
        }
    }
}

/* Where the taps of output pixel (row, col) are: in the image, or copied to patch. */
CNNC_KERNEL struct cnnc_conv2d_pairs_taps
cnnc_conv2d_pairs_locate(const struct cnnc_conv2d_pairs_s8_armv6m_parameters *p,
                         const int8_t *image, int32_t pixel, int8_t *patch) {
    const int32_t row = pixel / p->output_cols;
    const int32_t first_row = row * p->stride_rows - p->pad_top;
    const int32_t first_col = (pixel - row * p->output_cols) * p->stride_cols - p->pad_left;
    const int32_t last_row = first_row + (p->kernel_rows - 1) * p->dilation_rows;
    const int32_t last_col = first_col + (p->kernel_cols - 1) * p->dilation_cols;
    struct cnnc_conv2d_pairs_taps taps;
    if (first_row >= 0 && last_row < p->input_rows && first_col >= 0 && last_col < p->input_cols &&
        (p->dilation_cols == 1 || p->kernel_cols == 1)) {
        taps.first = image + (first_row * p->input_cols + first_col) * p->input_channels;
        taps.row_step = p->dilation_rows * p->input_cols * p->input_channels;
        return taps;
    }
    cnnc_conv2d_pairs_patch(p, image, first_row, first_col, patch);
    taps.first = patch;
    taps.row_step = p->kernel_cols * p->input_channels;
    return taps;
}

/* Expands the taps of output pixels pixel and pixel + 1 into one word per tap. */
CNNC_KERNEL void cnnc_conv2d_pairs_expand(const struct cnnc_conv2d_pairs_s8_armv6m_parameters *p,
                                          const int8_t *image, int32_t pixel, int8_t *patches,
                                          int32_t *values) {
    const int32_t count = p->kernel_cols * p->input_channels;
    const struct cnnc_conv2d_pairs_taps first = cnnc_conv2d_pairs_locate(p, image, pixel, patches);
    const struct cnnc_conv2d_pairs_taps second =
        cnnc_conv2d_pairs_locate(p, image, pixel + 1, patches + p->kernel_rows * count);
    for (int32_t row = 0; row < p->kernel_rows; ++row) {
        CNNC_SYMBOL(pixel_pairs_expand_armv6m)
        (first.first + row * first.row_step, second.first + row * second.row_step, values, count);
        values += CNNC_PIXEL_PAIRS_WORDS * count;
    }
}

/* Computes all groups of output channels of the pixels in the group's values. */
CNNC_KERNEL void cnnc_conv2d_pairs_block(const struct cnnc_conv2d_pairs_s8_armv6m_parameters *p,
                                         struct cnnc_pixel_pairs_armv6m_group *group,
                                         int32_t depth) {
    int32_t left = p->output_channels;
    while (left > 0) {
        group->channels = cnnc_pixel_pairs_group_channels(left);
        group->fold_bytes =
            CNNC_PIXEL_PAIRS_STRIDE * cnnc_pixel_pairs_fold_taps(group->channels, depth);
        group->runs = CNNC_SYMBOL(pixel_pairs_armv6m)(group);
        group->weights += group->fold_bytes;
        group->channel_data += 3 * group->channels;
        for (int32_t pair = 0; pair < group->pairs; ++pair) {
            group->outputs[pair] += group->channels;
        }
        left -= group->channels;
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i])
 * for two output pixels or more. weights and channel_data are in the order of struct
 * cnnc_pixel_pairs_armv6m_group, group after group, the tap index over
 * [kernel_row][kernel_col][input_channels]. scratch holds the expanded taps, then the partial sums
 * of a channel, two patches, and the table of runs. A block's pixels are all expanded before its
 * results are stored: output may be input where each pixel's result takes its place (one tap, no
 * strides and padding, as many channels), if no block is left with a single pixel. */
CNNC_SHARED_KERNEL void
cnnc_conv2d_pairs_s8_armv6m(const struct cnnc_conv2d_pairs_s8_armv6m_parameters *p,
                            const int8_t *input, const int8_t *CNNC_RESTRICT weights,
                            const int32_t *CNNC_RESTRICT channel_data, int8_t *output,
                            int32_t *CNNC_RESTRICT scratch) {
    const int32_t depth = p->kernel_rows * p->kernel_cols * p->input_channels;
    const int32_t pixels = p->output_rows * p->output_cols;
    int8_t *const bytes = (int8_t *)scratch;
    uint8_t *const runs = (uint8_t *)(bytes + p->runs_offset);
    struct cnnc_pixel_pairs_armv6m_group group;
    memset(&group, 0, sizeof group);
    group.values = scratch;
    group.values_end = scratch + CNNC_PIXEL_PAIRS_WORDS * depth;
    group.partials = scratch + p->partials_offset / (int32_t)sizeof(int32_t);
    group.pixel_step = p->output_channels;
    group.minimum = p->minimum;
    group.maximum = p->maximum;
    group.sign_unit = p->sign_unit;
    group.wide = p->wide;
    /* The words of pixels that a last block does not have are multiplied, but not stored. */
    memset(scratch, 0, (size_t)(CNNC_PIXEL_PAIRS_STRIDE * depth));
    cnnc_pixel_pairs_runs(weights, p->output_channels, depth, runs);
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t pixel = 0; pixel < pixels; pixel += 2 * CNNC_PIXEL_PAIRS_WORDS) {
            group.weights = weights;
            group.channel_data = channel_data;
            group.runs = runs;
            group.pairs = 0;
            for (int32_t next = pixel; next < pixels && group.pairs < CNNC_PIXEL_PAIRS_WORDS;
                 next += 2) {
                /* An odd pixel at the end is computed once more with the one before it. */
                const int32_t first = next + 1 < pixels ? next : pixels - 2;
                cnnc_conv2d_pairs_expand(p, input, first, bytes + p->patches_offset,
                                         scratch + group.pairs);
                group.outputs[group.pairs++] = output + first * p->output_channels;
            }
            cnnc_conv2d_pairs_block(p, &group, depth);
        }
        input += p->input_rows * p->input_cols * p->input_channels;
        output += pixels * p->output_channels;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution of up to 4x4 taps, by patches of one channel (Helium).
 *
 * Rows and columns may be exchanged (output and steps tell), which helps narrow images. */
#ifndef CNNC_DEPTHWISE_CONV2D_S8_MVE_H
#define CNNC_DEPTHWISE_CONV2D_S8_MVE_H

#include "cnnc_mve_patch.h"
#include "cnnc_mve_patches.h"

struct cnnc_depthwise_conv2d_s8_mve_parameters {
    int32_t batch;
    int32_t channels;
    int32_t image_bytes;
    int32_t input_rows;
    int32_t row_step; /* bytes from a row of the input to the next */
    /* A row is lines of line_bytes next to each other, line_step bytes apart. */
    int32_t lines;
    int32_t line_bytes;
    int32_t line_step;
    int32_t pad_top;
    int32_t left_bytes; /* of the padding before and behind a row of the patches' values */
    int32_t right_bytes;
    int32_t kernel_rows;
    int32_t kernel_cols;
    int32_t dilation_rows;
    int32_t squares; /* 3x3 at stride 1: two output rows at a time, else one */
    int32_t stride_rows;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_row_step; /* bytes */
    int32_t output_col_step;
    int32_t output_image_bytes;
    int32_t kernel_column_step; /* in the patches' values, bytes */
    int32_t column_step;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* Scratch: zeros, the expanded weights, zeros, a line of padding, the patches' values. */
struct cnnc_depthwise_mve_scratch {
    int8_t *weights;
    int8_t *padding;
    int8_t *values;
};

CNNC_KERNEL struct cnnc_depthwise_mve_scratch
cnnc_depthwise_mve_split(const struct cnnc_depthwise_conv2d_s8_mve_parameters *p, int8_t *scratch) {
    struct cnnc_depthwise_mve_scratch parts;
    parts.weights = scratch + 16;
    parts.padding = parts.weights + 16 * p->channels + 16;
    parts.values = parts.padding + (p->line_bytes + 15) / 16 * 16;
    return parts;
}

CNNC_KERNEL void cnnc_depthwise_mve_expand(const struct cnnc_depthwise_conv2d_s8_mve_parameters *p,
                                           const int8_t *CNNC_RESTRICT weights,
                                           const struct cnnc_depthwise_mve_scratch *parts) {
    uint8_t offsets[16];
    uint32_t lanes = 0;
    for (int32_t lane = 0; lane < 16; ++lane) {
        const int32_t col = lane / 4 - p->squares;
        const int32_t row = lane % 4;
        const int used = col >= 0 && col < p->kernel_cols && row < p->kernel_rows;
        offsets[lane] = (uint8_t)(used ? col * p->kernel_rows + row : 0);
        lanes |= (used ? 1U : 0U) << lane;
    }
    CNNC_SYMBOL(mve_fill)(parts->weights - 16, 0, 16);
    CNNC_SYMBOL(mve_fill)(parts->weights + 16 * p->channels, 0, 16);
    CNNC_SYMBOL(mve_expand_weights)(parts->weights, weights, p->channels,
                                    p->kernel_rows * p->kernel_cols, offsets, lanes);
}

/* Brings four rows of the image, from padded row first on, into the patches' values. */
CNNC_KERNEL void cnnc_depthwise_mve_load(const struct cnnc_depthwise_conv2d_s8_mve_parameters *p,
                                         const int8_t *CNNC_RESTRICT image, int32_t first,
                                         const struct cnnc_depthwise_mve_scratch *parts) {
    const int8_t *rows[4];
    int32_t steps[4];
    int8_t *target = parts->values + p->left_bytes;
    for (int32_t i = 0; i < 4; ++i) {
        const int32_t row = first - p->pad_top + i * p->dilation_rows;
        const int inside = row >= 0 && row < p->input_rows;
        rows[i] = inside ? image + row * p->row_step : parts->padding;
        steps[i] = inside ? p->line_step : 0;
    }
    for (int32_t line = 0; line < p->lines; ++line) {
        CNNC_SYMBOL(mve_interleave)(target, rows, p->line_bytes);
        target += 4 * p->line_bytes;
        for (int32_t i = 0; i < 4; ++i) {
            rows[i] += steps[i];
        }
    }
    CNNC_SYMBOL(mve_fill)(target, p->input_zero_point, p->right_bytes);
}

/* Mask of the results of a step of which so many rows and columns exist. */
CNNC_KERNEL uint32_t cnnc_depthwise_mve_mask(
    const struct cnnc_depthwise_conv2d_s8_mve_parameters *p, int32_t rows, int32_t cols) {
    uint32_t mask = 0;
    for (int32_t result = 0; result < 8; ++result) {
        const int32_t place = result / 2;
        const int32_t col = p->squares ? result % 2 * 2 + place % 2 : result % 2 * 4 + place;
        const int32_t row = p->squares ? place / 2 : 0;
        mask |= (row < rows && col < cols ? 3U : 0U) << (2 * result);
    }
    return mask;
}

CNNC_KERNEL void cnnc_depthwise_mve_begin(const struct cnnc_depthwise_conv2d_s8_mve_parameters *p,
                                          struct cnnc_mve_patches *patches) {
    const int32_t cols = p->squares ? 4 : 8;
    patches->count = p->channels;
    patches->whole_steps = (p->output_cols - 1) / cols;
    patches->patch_step = (cols / 2) * p->column_step;
    patches->output_step = cols * p->output_col_step;
    patches->zero_point = p->output_zero_point;
    patches->column_step = p->column_step;
    for (int32_t i = 0; i < 4; ++i) {
        patches->columns[i] = (uint32_t)(i * p->kernel_column_step);
    }
    for (int32_t result = 0; result < 8; ++result) {
        const int32_t place = result / 2;
        const int32_t col = p->squares ? result % 2 * 2 + place % 2 : result % 2 * 4 + place;
        const int32_t row = p->squares ? place / 2 : 0;
        patches->offsets[result] = (uint16_t)(row * p->output_row_step + col * p->output_col_step);
    }
}

CNNC_KERNEL void cnnc_depthwise_mve_band(const struct cnnc_depthwise_conv2d_s8_mve_parameters *p,
                                         struct cnnc_mve_patches *patches, int32_t rows) {
    const int32_t whole_cols = patches->whole_steps * (p->squares ? 4 : 8);
    patches->whole_mask = cnnc_depthwise_mve_mask(p, rows, 8);
    patches->last_mask = cnnc_depthwise_mve_mask(p, rows, p->output_cols - whole_cols);
    if (p->squares) {
        CNNC_SYMBOL(mve_patch_squares)(patches);
    } else {
        CNNC_SYMBOL(mve_patch_singles)(patches);
    }
}

/* As cnnc_depthwise_conv2d_s8. weights [channel][kernel_col][kernel_row], channels
 * [channel][bias, multiplier, divider]. */
CNNC_SHARED_KERNEL void
cnnc_depthwise_conv2d_s8_mve(const struct cnnc_depthwise_conv2d_s8_mve_parameters *p,
                             const int8_t *CNNC_RESTRICT input, const int8_t *CNNC_RESTRICT weights,
                             const int32_t *CNNC_RESTRICT channels, int8_t *CNNC_RESTRICT output,
                             int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_depthwise_mve_scratch parts = cnnc_depthwise_mve_split(p, scratch);
    const int32_t band_rows = p->squares ? 2 : 1;
    struct cnnc_mve_patches patches;
    patches.values = parts.values;
    patches.weights = parts.weights;
    patches.channels = channels;
    cnnc_depthwise_mve_begin(p, &patches);
    cnnc_depthwise_mve_expand(p, weights, &parts);
    CNNC_SYMBOL(mve_fill)(parts.padding, p->input_zero_point, p->line_bytes);
    CNNC_SYMBOL(mve_fill)(parts.values, p->input_zero_point, p->left_bytes);
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        const int8_t *image = input + batch * p->image_bytes;
        int8_t *result = output + batch * p->output_image_bytes;
        for (int32_t row = 0; row < p->output_rows; row += band_rows) {
            const int32_t left = p->output_rows - row;
            cnnc_depthwise_mve_load(p, image, row * p->stride_rows, &parts);
            patches.output = result + row * p->output_row_step;
            cnnc_depthwise_mve_band(p, &patches, left < band_rows ? left : band_rows);
        }
    }
    cnnc_mve_clamp_s8(output, p->batch * p->output_image_bytes, p->minimum, p->maximum);
}

#endif

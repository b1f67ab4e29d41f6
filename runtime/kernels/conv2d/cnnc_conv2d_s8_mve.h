/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution, four pixels at a time (Helium): any kernel, strides and padding; one group and
 * columns next to each other. */
#ifndef CNNC_CONV2D_S8_MVE_H
#define CNNC_CONV2D_S8_MVE_H

#include "cnnc_mve_panel.h"
#include "cnnc_mve_patch.h"

struct cnnc_conv2d_s8_mve_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_row_bytes;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t kernel_rows;
    int32_t kernel_row_bytes;
    int32_t dilation_rows;
    int32_t stride_rows;
    int32_t col_step; /* bytes between the kernel's columns for neighbouring pixels */
    int32_t pad_top;
    int32_t left_bytes;
    int32_t copy_bytes;
    int32_t pitch;
    int32_t span;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t patches_offset; /* from scratch, multiples of 16 */
    int32_t patch_stride;
    int32_t capacity; /* patches that are gathered before they are computed, a multiple of 4 */
};

/* Up to capacity pixels, in the order of the output. */
struct cnnc_conv2d_patches_mve {
    int32_t filled;
    int8_t *values;
    int8_t *output;
    cnnc_mve_panel_function run;
    struct cnnc_mve_panel panel;
};

/* Computes the pixels that are filled. */
CNNC_KERNEL void cnnc_conv2d_flush_mve(const struct cnnc_conv2d_s8_mve_parameters *p,
                                       struct cnnc_conv2d_patches_mve *patches) {
    cnnc_mve_panel_run(&patches->panel, patches->run, patches->filled, patches->values,
                       p->patch_stride, patches->output);
    patches->output += patches->filled * p->output_channels;
    patches->filled = 0;
}

/* Gathers the pixels of one row and computes them whenever there is no room left. */
CNNC_KERNEL void cnnc_conv2d_row_mve(const struct cnnc_conv2d_s8_mve_parameters *p,
                                     const int8_t *const *rows,
                                     struct cnnc_conv2d_patches_mve *patches) {
    int32_t col = 0;
    while (col < p->output_cols) {
        const int32_t room = p->capacity - patches->filled;
        const int32_t left = p->output_cols - col;
        const int32_t count = left < room ? left : room;
        CNNC_SYMBOL(mve_gather)(patches->values + patches->filled * p->patch_stride, rows,
                                p->kernel_rows, p->kernel_row_bytes, p->patch_stride,
                                col * p->col_step, p->col_step, count);
        col += count;
        patches->filled += count;
        if (patches->filled == p->capacity) {
            cnnc_conv2d_flush_mve(p, patches);
        }
    }
}

CNNC_SHARED_KERNEL void cnnc_conv2d_patches_run_mve(const struct cnnc_conv2d_s8_mve_parameters *p,
                                                    struct cnnc_mve_image *image,
                                                    struct cnnc_conv2d_patches_mve *patches) {
    const int8_t *rows[CNNC_MVE_ROWS];
    int8_t *output = patches->output;
    cnnc_mve_panel_begin(&patches->panel, p->output_channels, p->kernel_rows * p->kernel_row_bytes,
                         p->output_zero_point);
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            cnnc_mve_rows_under(image, row * p->stride_rows, p->dilation_rows, p->kernel_rows,
                                rows);
            cnnc_conv2d_row_mve(p, rows, patches);
        }
        image->pixels += p->input_rows * p->input_row_bytes;
        image->loaded = 0;
    }
    if (patches->filled > 0) {
        cnnc_conv2d_flush_mve(p, patches);
    }
    cnnc_mve_clamp_s8(output, p->batch * p->output_rows * p->output_cols * p->output_channels,
                      p->minimum, p->maximum);
}

/* As cnnc_conv2d_s8 for one group; weights and channels as in cnnc_mve_panel.h with kernel_rows *
 * kernel_row_bytes values of each pixel. */
CNNC_KERNEL void cnnc_conv2d_s8_mve(const struct cnnc_conv2d_s8_mve_parameters *p,
                                    const int8_t *CNNC_RESTRICT input,
                                    const int8_t *CNNC_RESTRICT weights,
                                    const int32_t *CNNC_RESTRICT channels,
                                    int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    struct cnnc_mve_image image = {
        input,         scratch,  p->input_rows, p->input_row_bytes,  p->pad_top, p->left_bytes,
        p->copy_bytes, p->pitch, p->span,       p->input_zero_point, 0};
    struct cnnc_conv2d_patches_mve patches;
    patches.filled = 0;
    patches.values = scratch + p->patches_offset;
    patches.output = output;
    patches.run = cnnc_mve_panel_kind(p->output_channels, p->kernel_rows * p->kernel_row_bytes);
    patches.panel.values = patches.values + p->capacity * p->patch_stride;
    patches.panel.weights = weights;
    patches.panel.channels = channels;
    cnnc_conv2d_patches_run_mve(p, &image, &patches);
}

#endif

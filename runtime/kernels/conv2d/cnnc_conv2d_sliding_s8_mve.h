/* SPDX-License-Identifier: MIT-0 */
/* Convolution three columns wide, four pixels of a row at a time (Helium): values are loaded once
 * for all columns that they serve, from a ring of padded rows. */
#ifndef CNNC_CONV2D_SLIDING_S8_MVE_H
#define CNNC_CONV2D_SLIDING_S8_MVE_H

#include "cnnc_mve_patch.h"
#include "cnnc_mve_slide.h"

/* Kernel rows times 16 channels each. */
#define CNNC_MVE_SEGMENTS 32

struct cnnc_conv2d_sliding_s8_mve_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_row_bytes;
    int32_t input_channels; /* 16, 32 or 64 */
    int32_t output_rows;
    int32_t output_cols;     /* at least 4 */
    int32_t output_channels; /* a multiple of 4 */
    int32_t kernel_rows;
    int32_t dilation_rows;
    int32_t stride_rows;
    int32_t stride_cols; /* 1 or 2 */
    int32_t pad_top;
    int32_t left_bytes;
    int32_t copy_bytes;
    int32_t pitch;
    int32_t span;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

typedef void (*cnnc_mve_slide_function)(const struct cnnc_mve_slide *slide);

/* Inlined, so that only the functions that a model needs are linked. */
CNNC_KERNEL cnnc_mve_slide_function
cnnc_conv2d_slide_mve(const struct cnnc_conv2d_sliding_s8_mve_parameters *p) {
    switch (p->input_channels + p->stride_cols) {
    case 16 + 1:
        return CNNC_SYMBOL(mve_slide_16_by_1);
    case 32 + 1:
        return CNNC_SYMBOL(mve_slide_32_by_1);
    case 64 + 1:
        return CNNC_SYMBOL(mve_slide_64_by_1);
    case 16 + 2:
        return CNNC_SYMBOL(mve_slide_16_by_2);
    case 32 + 2:
        return CNNC_SYMBOL(mve_slide_32_by_2);
    default:
        return CNNC_SYMBOL(mve_slide_64_by_2);
    }
}

/* Puts the segments of the rows, from column first on. */
CNNC_KERNEL void cnnc_conv2d_segments_mve(const struct cnnc_conv2d_sliding_s8_mve_parameters *p,
                                          const int8_t *const *rows, int32_t first,
                                          const int8_t **segments) {
    const int32_t offset = first * p->stride_cols * p->input_channels;
    int32_t count = 0;
    for (int32_t row = 0; row < p->kernel_rows; ++row) {
        for (int32_t channel = 0; channel < p->input_channels; channel += 16) {
            segments[count] = rows[row] + offset + channel;
            ++count;
        }
    }
    segments[count] = NULL;
}

CNNC_SHARED_KERNEL void
cnnc_conv2d_slide_rows_mve(const struct cnnc_conv2d_sliding_s8_mve_parameters *p,
                           cnnc_mve_slide_function run, const int8_t *CNNC_RESTRICT input,
                           const int8_t *CNNC_RESTRICT weights,
                           const int32_t *CNNC_RESTRICT channels, int8_t *CNNC_RESTRICT output,
                           int8_t *CNNC_RESTRICT scratch) {
    const int32_t count = p->output_channels;
    struct cnnc_mve_image image = {
        input,         scratch,  p->input_rows, p->input_row_bytes,  p->pad_top, p->left_bytes,
        p->copy_bytes, p->pitch, p->span,       p->input_zero_point, 0};
    const int8_t *rows[CNNC_MVE_ROWS];
    const int8_t *segments[CNNC_MVE_SEGMENTS + 1];
    struct cnnc_mve_slide slide;
    int8_t *row_output = output;
    slide.segments = segments;
    slide.weights = weights;
    slide.channels = channels;
    slide.pairs = count / 2;
    slide.zero_point = p->output_zero_point;
    slide.panel_step = 4 * p->stride_cols * p->input_channels;
    slide.output_step = 4 * count;
    for (int32_t pixel = 0; pixel < 4; ++pixel) {
        slide.offsets[pixel] = (uint32_t)(pixel * count);
    }
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            cnnc_mve_rows_under(&image, row * p->stride_rows, p->dilation_rows, p->kernel_rows,
                                rows);
            cnnc_conv2d_segments_mve(p, rows, 0, segments);
            slide.output = row_output;
            slide.panels = p->output_cols / 4;
            run(&slide);
            if (p->output_cols % 4 != 0) {
                /* The last four pixels again, with those that are left. */
                cnnc_conv2d_segments_mve(p, rows, p->output_cols - 4, segments);
                slide.output = row_output + (p->output_cols - 4) * count;
                slide.panels = 1;
                run(&slide);
            }
            row_output += p->output_cols * count;
        }
        image.pixels += p->input_rows * p->input_row_bytes;
        image.loaded = 0;
    }
    cnnc_mve_clamp_s8(output, p->batch * p->output_rows * p->output_cols * count, p->minimum,
                      p->maximum);
}

/* As cnnc_conv2d_s8 for one group; weights and channels as in cnnc_mve_slide.h. */
CNNC_KERNEL void cnnc_conv2d_sliding_s8_mve(const struct cnnc_conv2d_sliding_s8_mve_parameters *p,
                                            const int8_t *CNNC_RESTRICT input,
                                            const int8_t *CNNC_RESTRICT weights,
                                            const int32_t *CNNC_RESTRICT channels,
                                            int8_t *CNNC_RESTRICT output,
                                            int8_t *CNNC_RESTRICT scratch) {
    cnnc_conv2d_slide_rows_mve(p, cnnc_conv2d_slide_mve(p), input, weights, channels, output,
                               scratch);
}

#endif

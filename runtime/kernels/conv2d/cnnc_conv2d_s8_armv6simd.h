/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution of one group on Armv6: panels of pixels times pairs of output channels. */
#ifndef CNNC_CONV2D_S8_ARMV6SIMD_H
#define CNNC_CONV2D_S8_ARMV6SIMD_H

#include "cnnc_pixel_pairs_armv6simd.h"

/* A run is what a pixel's inputs have in one piece in the image: a kernel row, or one tap where
 * taps are apart. It is read in whole words; weights behind its end are zero. */
struct cnnc_conv2d_s8_armv6simd_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t kernel_rows;
    int32_t row_stride;   /* from one kernel row to the next in the image, bytes */
    int32_t runs_per_row; /* of a kernel row */
    int32_t run_stride;   /* from one of them to the next, bytes */
    int32_t run_words;
    /* Image inside a padded copy, which the fields above describe; or 0. */
    int32_t copy_rows;
    int32_t copy_cols;
    int32_t copy_top;
    int32_t copy_left;
    int32_t input_zero_point;
    int32_t depth;        /* inputs of an output pixel, those without weight included */
    int32_t panel_pixels; /* that are expanded together, even */
    int32_t exact;        /* whether sums are scaled by the exact formula */
    int32_t minimum;
    int32_t maximum;
};

/* Where tap (0, 0) of an output pixel lies in the image. */
struct cnnc_pixel_source_armv6simd {
    const int8_t *pixel;
    int32_t cols_left; /* output pixels to the end of the row, this one included */
};

/* Returns an output pixel's tap (0, 0) and goes to the next. */
CNNC_KERNEL const int8_t *
cnnc_next_source_armv6simd(const struct cnnc_conv2d_s8_armv6simd_parameters *p,
                           struct cnnc_pixel_source_armv6simd *source) {
    const int8_t *pixel = source->pixel;
    source->pixel += p->stride_cols * p->input_channels;
    if (--source->cols_left == 0) {
        source->cols_left = p->output_cols;
        source->pixel +=
            (p->stride_rows * p->input_cols - p->output_cols * p->stride_cols) * p->input_channels;
    }
    return pixel;
}

/* Expands pixels in pairs from number first on; of a single pixel both are the same. */
CNNC_KERNEL void cnnc_expand_panel_armv6simd(const struct cnnc_conv2d_s8_armv6simd_parameters *p,
                                             const int8_t *image, int32_t first, int32_t pairs,
                                             uint32_t *target) {
    const int is_single = p->output_rows * p->output_cols == 1;
    const int32_t row = first / p->output_cols;
    const int32_t col = first - row * p->output_cols;
    struct cnnc_pixel_source_armv6simd source;
    struct cnnc_pixel_runs_armv6simd runs = {p->run_words, p->kernel_rows, p->row_stride};
    int32_t outer = 1;
    source.pixel =
        image + (row * p->stride_rows * p->input_cols + col * p->stride_cols) * p->input_channels;
    source.cols_left = p->output_cols - col;
    if (p->runs_per_row > 1) {
        runs.rows = p->runs_per_row;
        runs.stride = p->run_stride;
        outer = p->kernel_rows;
    }
    for (int32_t pair = 0; pair < pairs; ++pair) {
        const int8_t *pixel = cnnc_next_source_armv6simd(p, &source);
        const int8_t *second = is_single ? pixel : cnnc_next_source_armv6simd(p, &source);
        for (int32_t i = 0; i < outer; ++i) {
            target = CNNC_EXPAND_PIXEL_PAIR(target, pixel + i * p->row_stride,
                                            second + i * p->row_stride, &runs);
        }
    }
}

/* Computes one image. A pixel that has no other to its pair is computed with the one before it. */
CNNC_KERNEL void cnnc_conv2d_image_armv6simd(const struct cnnc_conv2d_s8_armv6simd_parameters *p,
                                             const int8_t *image, const int32_t *blocks,
                                             int8_t *output, uint32_t *inputs) {
    const int32_t count = p->output_rows * p->output_cols;
    struct cnnc_pixel_panel_armv6simd panel = {p->depth, 1, count > 1 ? p->output_channels : 0,
                                               p->output_channels, p->exact};
    int32_t next = 0;
    while (next < count) {
        const int32_t rest = count - next;
        int32_t pixels = rest < p->panel_pixels ? rest : p->panel_pixels;
        int32_t first = next;
        if (pixels % 2 != 0 && next > 0) {
            --first;
            ++pixels;
        }
        panel.pairs = pixels > 1 ? pixels / 2 : 1;
        next = pixels > 1 ? first + 2 * panel.pairs : 1;
        cnnc_expand_panel_armv6simd(p, image, first, panel.pairs, inputs);
        CNNC_PIXEL_PANEL(inputs, blocks, output + first * p->output_channels, &panel);
    }
}

/* Copies an image into the middle of another that is filled with its zero point. */
CNNC_KERNEL void cnnc_pad_image_armv6simd(const struct cnnc_conv2d_s8_armv6simd_parameters *p,
                                          const int8_t *image, int8_t *padded) {
    const size_t row_bytes = (size_t)(p->input_cols * p->input_channels);
    const size_t copy_bytes = (size_t)(p->copy_cols * p->input_channels);
    memset(padded, p->input_zero_point, (size_t)p->input_rows * row_bytes);
    padded += (size_t)p->copy_top * row_bytes + (size_t)(p->copy_left * p->input_channels);
    for (int32_t row = 0; row < p->copy_rows; ++row) {
        memcpy(padded, image, copy_bytes);
        image += copy_bytes;
        padded += row_bytes;
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * blocks holds weights, biases and constants as cnnc_armv6simd.h describes, two channels each.
 * scratch is aligned to 4: 2 * panel_pixels * depth bytes, and the padded copy. Reads up to 3 bytes
 * behind the image. */
CNNC_SHARED_KERNEL void
cnnc_conv2d_s8_armv6simd(const struct cnnc_conv2d_s8_armv6simd_parameters *p,
                         const int8_t *CNNC_RESTRICT input, const int32_t *CNNC_RESTRICT blocks,
                         int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const int32_t pixels =
        p->copy_rows > 0 ? p->copy_rows * p->copy_cols : p->input_rows * p->input_cols;
    const int32_t output_bytes = p->output_rows * p->output_cols * p->output_channels;
    int8_t *const padded = scratch + 2 * p->panel_pixels * p->depth;
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        const int8_t *image = input + batch * pixels * p->input_channels;
        if (p->copy_rows > 0) {
            cnnc_pad_image_armv6simd(p, image, padded);
            image = padded;
        }
        cnnc_conv2d_image_armv6simd(p, image, blocks, output + batch * output_bytes,
                                    (uint32_t *)(void *)scratch);
    }
    if (p->minimum > -128 || p->maximum < 127) {
        cnnc_clamp_results_armv6simd(output, p->batch * output_bytes, p->minimum, p->maximum);
    }
}

#endif

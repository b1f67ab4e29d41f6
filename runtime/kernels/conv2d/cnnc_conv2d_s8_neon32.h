/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution on Armv7-A with NEON: gathers patches, then multiplies them as rows. */
#ifndef CNNC_CONV2D_S8_NEON32_H
#define CNNC_CONV2D_S8_NEON32_H

#include "cnnc_patches_neon32.h"
#include "cnnc_rows_neon32.h"

struct cnnc_conv2d_s8_neon32_parameters {
    int32_t pixels; /* of all images' outputs */
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
    int32_t row_bytes; /* of a patch in scratch */
    int32_t depth;
    int32_t chunks;
    int32_t tail;
    int32_t scale;
    int32_t pixels_at_once;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* output[pixel][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * weights and channels as in cnnc_rows_neon32.h, depth [kernel_row][kernel_col][channel], the input
 * zero point folded into the biases. scratch: row_bytes for each of the pixels at once;
 * at most 64 pixels if there are fewer than four output channels. */
CNNC_KERNEL void cnnc_conv2d_s8_neon32(const struct cnnc_conv2d_s8_neon32_parameters *p,
                                       const int8_t *CNNC_RESTRICT input,
                                       const int8_t *CNNC_RESTRICT weights,
                                       const int32_t *CNNC_RESTRICT channels,
                                       int8_t *CNNC_RESTRICT output,
                                       int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_patches_s8 patches = {
        p->input_rows,    p->input_cols,  p->input_channels, p->output_rows,      p->output_cols,
        p->kernel_rows,   p->kernel_cols, p->stride_rows,    p->stride_cols,      p->dilation_rows,
        p->dilation_cols, p->pad_top,     p->pad_left,       p->input_zero_point, p->row_bytes};
    struct cnnc_rows_neon32 job = {scratch,
                                   p->row_bytes,
                                   0,
                                   weights,
                                   channels,
                                   output,
                                   p->output_channels,
                                   p->depth,
                                   p->chunks,
                                   p->tail,
                                   p->output_zero_point,
                                   p->minimum,
                                   p->maximum,
                                   p->scale};
    for (int32_t first = 0; first < p->pixels; first += p->pixels_at_once) {
        const int32_t left = p->pixels - first;
        job.row_count = left < p->pixels_at_once ? left : p->pixels_at_once;
        cnnc_gather_patches_neon32(&patches, input, first, job.row_count, scratch);
        cnnc_neon32_run(&job);
        job.output += job.row_count * p->output_channels;
    }
}

#endif

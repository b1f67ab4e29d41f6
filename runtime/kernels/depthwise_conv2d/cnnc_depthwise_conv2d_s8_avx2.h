/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution with AVX2, sixteen channels and two taps at a time. */
#ifndef CNNC_DEPTHWISE_CONV2D_S8_AVX2_H
#define CNNC_DEPTHWISE_CONV2D_S8_AVX2_H

#include "cnnc_depthwise_areas_s8.h"
#include "cnnc_depthwise_blocks_avx2.h"

struct cnnc_depthwise_conv2d_s8_avx2_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t kernel_rows;
    int32_t kernel_cols;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t dilation_rows;
    int32_t dilation_cols;
    int32_t pad_top;
    int32_t pad_left;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    /* As in struct cnnc_depthwise_geometry_s8. */
    int32_t inner_top;
    int32_t inner_bottom;
    int32_t inner_left;
    int32_t inner_right;
    int32_t band_rows;
    int32_t inner_band_rows;
    int32_t blocks; /* of 16 channels */
    int32_t pixels; /* neighbours that a block has side by side */
    int32_t pairs;  /* of taps */
    int32_t offsets_bytes;
};

CNNC_KERNEL struct cnnc_depthwise_geometry_s8
cnnc_depthwise_geometry_avx2(const struct cnnc_depthwise_conv2d_s8_avx2_parameters *p) {
    const struct cnnc_depthwise_geometry_s8 geometry = {
        p->input_rows,    p->input_cols,  p->channels,    p->output_rows,      p->output_cols,
        p->kernel_rows,   p->kernel_cols, p->stride_rows, p->stride_cols,      p->dilation_rows,
        p->dilation_cols, p->pad_top,     p->pad_left,    p->input_zero_point, p->inner_top,
        p->inner_bottom,  p->inner_left,  p->inner_right, p->band_rows,        p->inner_band_rows};
    return geometry;
}

/* All blocks of an area. */
CNNC_KERNEL void cnnc_depthwise_area_avx2(const struct cnnc_depthwise_conv2d_s8_avx2_parameters *p,
                                          const struct cnnc_depthwise_area_s8 *area,
                                          const int16_t *CNNC_RESTRICT weights,
                                          const int32_t *CNNC_RESTRICT channels,
                                          int8_t *CNNC_RESTRICT image,
                                          int32_t *CNNC_RESTRICT offsets) {
    const int32_t width = p->pixels * p->channels;
    const int32_t last = width < 16 ? 0 : width - 16;
    struct cnnc_depthwise_run_avx2 run;
    run.offsets = offsets;
    run.pairs = p->pairs;
    run.rows = area->rows;
    run.line_bytes = area->line_bytes;
    run.stride_rows = p->stride_rows;
    run.output_row_step = p->output_cols * p->channels;
    run.steps = (area->cols + p->pixels - 1) / p->pixels;
    run.stride_cols = p->stride_cols;
    run.channels_step = p->channels;
    run.pixels = p->pixels;
    run.stored = width < 16 ? width : 16;
    run.last_stored = width < 16 ? width : 16;
    if (p->pixels > 1) {
        run.last_stored = (area->cols - (run.steps - 1) * p->pixels) * p->channels;
    }
    run.zero_point = p->output_zero_point;
    run.minimum = p->minimum;
    run.maximum = p->maximum;
    image += (area->top * p->output_cols + area->left) * p->channels;
    for (int32_t block = 0; block < p->blocks; ++block) {
        const int32_t first = 16 * block < last ? 16 * block : last;
        run.input = area->input + first;
        run.output = image + first;
        run.weights = weights;
        run.channels = channels;
        cnnc_depthwise_pairs_avx2(&run);
        weights += 32 * p->pairs;
        channels += 48;
    }
}

/* As cnnc_depthwise_conv2d_s8. weights [block][pair][lane][2 taps], channels [block][bias,
 * multiplier, shift][lane]; lanes are the channels 0..3, 8..11, 4..7, 12..15 of a block. */
CNNC_KERNEL void cnnc_depthwise_conv2d_s8_avx2(
    const struct cnnc_depthwise_conv2d_s8_avx2_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int16_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT channels,
    int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_depthwise_geometry_s8 geometry = cnnc_depthwise_geometry_avx2(p);
    int32_t *const offsets = (int32_t *)(void *)scratch;
    int8_t *const lines = scratch + p->offsets_bytes;
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t number = 0; number < CNNC_DEPTHWISE_AREAS; ++number) {
            struct cnnc_depthwise_area_s8 area = cnnc_depthwise_outputs_s8(&geometry, number);
            const int32_t band_rows = number == 0 ? p->inner_band_rows : p->band_rows;
            const int32_t bottom = area.cols > 0 ? area.top + area.rows : area.top;
            for (; area.top < bottom; area.top += band_rows) {
                const int32_t left = bottom - area.top;
                area.rows = left < band_rows ? left : band_rows;
                cnnc_depthwise_find_input_s8(&geometry, input, number == 0, &area, lines);
                cnnc_depthwise_offsets_s8(&geometry, area.line_bytes, 2 * p->pairs, offsets);
                cnnc_depthwise_area_avx2(p, &area, weights, channels, output, offsets);
            }
        }
        input += p->input_rows * p->input_cols * p->channels;
        output += p->output_rows * p->output_cols * p->channels;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution with AVX-512 VNNI, sixteen channels and four taps at a time. */
#ifndef CNNC_DEPTHWISE_CONV2D_S8_AVX512VNNI_H
#define CNNC_DEPTHWISE_CONV2D_S8_AVX512VNNI_H

#include "cnnc_depthwise_areas_s8.h"
#include "cnnc_depthwise_wide_avx512vnni.h"

struct cnnc_depthwise_conv2d_s8_avx512vnni_parameters {
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
    int32_t lanes; /* of a block, 16 or 64 */
    int32_t blocks;
    int32_t pixels;     /* neighbours that a block has side by side */
    int32_t quads;      /* of taps */
    int32_t is_rolling; /* 3x3, columns of taps in a quad, see cnnc_depthwise_blocks_avx512vnni.h */
    int32_t is_real;    /* scales are real numbers */
    int32_t is_short;   /* of 24 bits */
    int32_t is_in_place; /* the image is read where it is, padding is known */
    int32_t offsets_bytes;
};

CNNC_KERNEL struct cnnc_depthwise_geometry_s8
cnnc_depthwise_geometry_avx512vnni(const struct cnnc_depthwise_conv2d_s8_avx512vnni_parameters *p) {
    const struct cnnc_depthwise_geometry_s8 geometry = {
        p->input_rows,    p->input_cols,  p->channels,    p->output_rows,      p->output_cols,
        p->kernel_rows,   p->kernel_cols, p->stride_rows, p->stride_cols,      p->dilation_rows,
        p->dilation_cols, p->pad_top,     p->pad_left,    p->input_zero_point, p->inner_top,
        p->inner_bottom,  p->inner_left,  p->inner_right, p->band_rows,        p->inner_band_rows};
    return geometry;
}

/* All blocks of an area. */
CNNC_KERNEL void cnnc_depthwise_area_avx512vnni(
    const struct cnnc_depthwise_conv2d_s8_avx512vnni_parameters *p,
    const struct cnnc_depthwise_area_s8 *area, const int8_t *CNNC_RESTRICT weights,
    const int32_t *CNNC_RESTRICT channels, int8_t *CNNC_RESTRICT image,
    const int8_t *CNNC_RESTRICT padding, int32_t *CNNC_RESTRICT offsets) {
    const int32_t width = p->pixels * p->channels;
    const int32_t last = width < p->lanes ? 0 : width - p->lanes;
    struct cnnc_depthwise_run_avx512vnni run;
    run.offsets = offsets;
    run.quads = p->quads;
    run.rows = area->rows;
    run.line_bytes = area->line_bytes;
    run.stride_rows = p->stride_rows;
    run.output_row_step = p->output_cols * p->channels;
    run.steps = (area->cols + p->pixels - 1) / p->pixels;
    run.stride_cols = p->stride_cols;
    run.channels_step = p->channels;
    run.pixels = p->pixels;
    run.lanes = p->lanes;
    run.stored = width < p->lanes ? width : p->lanes;
    run.last_stored = run.stored;
    if (p->pixels > 1) {
        run.last_stored = (area->cols - (run.steps - 1) * p->pixels) * p->channels;
    }
    run.zero_point = p->output_zero_point;
    run.minimum = p->minimum;
    run.maximum = p->maximum;
    run.is_real = p->is_real;
    run.is_short = p->is_short;
    run.padding = padding;
    run.input_rows = p->input_rows;
    run.input_cols = p->input_cols;
    run.first_row = p->is_in_place ? -p->pad_top : 0;
    run.first_col = p->is_in_place ? -p->pad_left : 0;
    run.input_zero_point = p->input_zero_point;
    image += (area->top * p->output_cols + area->left) * p->channels;
    for (int32_t block = 0; block < p->blocks; ++block) {
        const int32_t first = p->lanes * block < last ? p->lanes * block : last;
        run.input = area->input + first;
        run.output = image + first;
        run.weights = weights;
        run.channels = channels;
        if (p->lanes == 64) {
            cnnc_depthwise_wide_block_avx512vnni(&run);
        } else if (p->is_rolling) {
            cnnc_depthwise_rolling_avx512vnni(&run);
        } else {
            cnnc_depthwise_quads_avx512vnni(&run);
        }
        weights += 4 * p->lanes * p->quads;
        channels += p->lanes / 16 * CNNC_BLOCK_AVX512;
    }
}

/* One image, of which lines are copied where they have padding. */
CNNC_KERNEL void
cnnc_depthwise_copied_avx512vnni(const struct cnnc_depthwise_conv2d_s8_avx512vnni_parameters *p,
                                 const int8_t *CNNC_RESTRICT input,
                                 const int8_t *CNNC_RESTRICT weights,
                                 const int32_t *CNNC_RESTRICT channels,
                                 int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_depthwise_geometry_s8 geometry = cnnc_depthwise_geometry_avx512vnni(p);
    int32_t *const offsets = (int32_t *)(void *)scratch;
    int8_t *const lines = scratch + p->offsets_bytes;
    for (int32_t number = 0; number < CNNC_DEPTHWISE_AREAS; ++number) {
        struct cnnc_depthwise_area_s8 area = cnnc_depthwise_outputs_s8(&geometry, number);
        const int32_t band_rows = number == 0 ? p->inner_band_rows : p->band_rows;
        const int32_t bottom = area.cols > 0 ? area.top + area.rows : area.top;
        for (; area.top < bottom; area.top += band_rows) {
            const int32_t left = bottom - area.top;
            area.rows = left < band_rows ? left : band_rows;
            cnnc_depthwise_find_input_s8(&geometry, input, number == 0, &area, lines);
            cnnc_depthwise_offsets_s8(&geometry, area.line_bytes, p->is_rolling ? 0 : 4 * p->quads,
                                      offsets);
            cnnc_depthwise_area_avx512vnni(p, &area, weights, channels, output, NULL, offsets);
        }
    }
}

/* One image that is read where it is. */
CNNC_KERNEL void
cnnc_depthwise_in_place_avx512vnni(const struct cnnc_depthwise_conv2d_s8_avx512vnni_parameters *p,
                                   const int8_t *CNNC_RESTRICT input,
                                   const int8_t *CNNC_RESTRICT weights,
                                   const int32_t *CNNC_RESTRICT channels,
                                   int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const int32_t line_bytes = p->input_cols * p->channels;
    const struct cnnc_depthwise_area_s8 area = {0,     0,         p->output_rows, p->output_cols,
                                                input, line_bytes};
    memset(scratch, p->input_zero_point, (size_t)line_bytes);
    cnnc_depthwise_area_avx512vnni(p, &area, weights, channels, output, scratch, NULL);
}

/* As cnnc_depthwise_conv2d_s8. weights [block][quad][lane][4 taps], channels as in cnnc_avx512.h;
 * pixels are multiplied as numbers from 0 to 255, which is folded into the bias. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_s8_avx512vnni(const struct cnnc_depthwise_conv2d_s8_avx512vnni_parameters *p,
                                    const int8_t *CNNC_RESTRICT input,
                                    const int8_t *CNNC_RESTRICT weights,
                                    const int32_t *CNNC_RESTRICT channels,
                                    int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        if (p->is_in_place) {
            cnnc_depthwise_in_place_avx512vnni(p, input, weights, channels, output, scratch);
        } else {
            cnnc_depthwise_copied_avx512vnni(p, input, weights, channels, output, scratch);
        }
        input += p->input_rows * p->input_cols * p->channels;
        output += p->output_rows * p->output_cols * p->channels;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution with NEON, sixteen or eight channels at a time: any kernel. */
#ifndef CNNC_DEPTHWISE_CONV2D_S8_NEON_H
#define CNNC_DEPTHWISE_CONV2D_S8_NEON_H

#include "cnnc_depthwise_areas_s8.h"
#include "cnnc_depthwise_blocks_neon.h"

struct cnnc_depthwise_conv2d_s8_neon_parameters {
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
    int32_t has_left_shift;
    int32_t has_shift_of_zero;
    int32_t sees_negative;
    /* As in struct cnnc_depthwise_geometry_s8. */
    int32_t inner_top;
    int32_t inner_bottom;
    int32_t inner_left;
    int32_t inner_right;
    int32_t band_rows;
    int32_t inner_band_rows;
    int32_t wide_blocks;   /* of 16 channels */
    int32_t narrow_blocks; /* of 8 channels, 0 or 1 */
    int32_t stored;        /* channels of a block that exist */
    int32_t pixels;        /* neighbours that a block has side by side */
    int32_t slots;         /* taps and what fills up their chains */
    int32_t kinds;         /* bit n: some block has nine taps in n chains; bit 0: taps in pairs */
    int32_t offsets_bytes; /* of the scratch memory's first part */
};

CNNC_KERNEL struct cnnc_depthwise_geometry_s8
cnnc_depthwise_geometry_neon(const struct cnnc_depthwise_conv2d_s8_neon_parameters *p) {
    const struct cnnc_depthwise_geometry_s8 geometry = {
        p->input_rows,    p->input_cols,  p->channels,    p->output_rows,      p->output_cols,
        p->kernel_rows,   p->kernel_cols, p->stride_rows, p->stride_cols,      p->dilation_rows,
        p->dilation_cols, p->pad_top,     p->pad_left,    p->input_zero_point, p->inner_top,
        p->inner_bottom,  p->inner_left,  p->inner_right, p->band_rows,        p->inner_band_rows};
    return geometry;
}

/* Where the taps of a block are, from tap (0, 0) on. */
CNNC_KERNEL void
cnnc_depthwise_offsets_neon(const struct cnnc_depthwise_conv2d_s8_neon_parameters *p,
                            const uint16_t *CNNC_RESTRICT taps, int32_t line_bytes,
                            int32_t *CNNC_RESTRICT offsets) {
    for (int32_t slot = 0; slot < p->slots; ++slot) {
        const int32_t row = taps[slot] / p->kernel_cols;
        const int32_t col = taps[slot] - row * p->kernel_cols;
        offsets[slot] = row * p->dilation_rows * line_bytes + col * p->dilation_cols * p->channels;
    }
}

/* Constants of blocks, one after the other. */
struct cnnc_depthwise_blocks_neon {
    const int8_t *weights;
    const int32_t *channels;
    const uint16_t *taps;
};

/* Blocks of an area that have so many lanes, from channel first on. */
CNNC_KERNEL void cnnc_depthwise_lanes_neon(const struct cnnc_depthwise_conv2d_s8_neon_parameters *p,
                                           const struct cnnc_depthwise_area_s8 *area,
                                           struct cnnc_depthwise_blocks_neon *blocks, int32_t count,
                                           int32_t first, int32_t lanes,
                                           int8_t *CNNC_RESTRICT image,
                                           int32_t *CNNC_RESTRICT offsets) {
    const struct cnnc_output_neon output = {
        {p->has_left_shift, p->has_shift_of_zero, p->sees_negative},
        p->output_zero_point,
        p->minimum,
        p->maximum,
        p->stored};
    const int32_t step_bytes = p->pixels * p->channels;
    const int32_t left_bytes = area->cols % p->pixels * p->channels;
    struct cnnc_depthwise_run_neon run;
    run.offsets = offsets;
    run.lanes = lanes;
    run.slots = p->slots;
    run.rows = area->rows;
    run.input_row_step = p->stride_rows * area->line_bytes;
    run.output_row_step = p->output_cols * p->channels;
    run.steps = area->cols / p->pixels;
    run.input_step = step_bytes * p->stride_cols;
    run.output_step = step_bytes;
    run.back_bytes = left_bytes == 0 ? 0 : step_bytes - left_bytes;
    for (int32_t block = 0; block < count; ++block) {
        /* The last one overlaps with its neighbour. */
        const int32_t last = step_bytes < lanes ? 0 : step_bytes - lanes;
        const int32_t channel = first + lanes * block < last ? first + lanes * block : last;
        cnnc_depthwise_offsets_neon(p, blocks->taps + 1, area->line_bytes, offsets);
        run.input = area->input + channel;
        run.output = image + (area->top * p->output_cols + area->left) * p->channels + channel;
        run.weights = blocks->weights;
        run.channels = blocks->channels;
        cnnc_depthwise_block_neon(&output, &run, p->kinds, blocks->taps[0]);
        blocks->weights += p->slots * lanes;
        blocks->channels += 3 * lanes;
        blocks->taps += p->slots + 1;
    }
}

/* All blocks of an area. */
CNNC_KERNEL void cnnc_depthwise_area_neon(const struct cnnc_depthwise_conv2d_s8_neon_parameters *p,
                                          const struct cnnc_depthwise_area_s8 *area,
                                          const struct cnnc_depthwise_blocks_neon *layer,
                                          int8_t *CNNC_RESTRICT image,
                                          int32_t *CNNC_RESTRICT offsets) {
    struct cnnc_depthwise_blocks_neon blocks = *layer;
    if (p->wide_blocks > 0) {
        cnnc_depthwise_lanes_neon(p, area, &blocks, p->wide_blocks, 0, 16, image, offsets);
    }
    if (p->narrow_blocks > 0) {
        cnnc_depthwise_lanes_neon(p, area, &blocks, p->narrow_blocks, 16 * p->wide_blocks, 8, image,
                                  offsets);
    }
}

/* As cnnc_depthwise_conv2d_s8. weights [block][slot][lane], channels [block][bias, multiplier,
 * shift][lane], taps [block][chains, slots' taps]. */
CNNC_KERNEL void cnnc_depthwise_conv2d_s8_neon(
    const struct cnnc_depthwise_conv2d_s8_neon_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT channels,
    const uint16_t *CNNC_RESTRICT taps, int8_t *CNNC_RESTRICT output,
    int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_depthwise_geometry_s8 geometry = cnnc_depthwise_geometry_neon(p);
    int32_t *const offsets = (int32_t *)(void *)scratch;
    int8_t *const lines = scratch + p->offsets_bytes;
    const struct cnnc_depthwise_blocks_neon layer = {weights, channels, taps};
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t number = 0; number < CNNC_DEPTHWISE_AREAS; ++number) {
            struct cnnc_depthwise_area_s8 area = cnnc_depthwise_outputs_s8(&geometry, number);
            const int32_t band_rows = number == 0 ? p->inner_band_rows : p->band_rows;
            const int32_t bottom = area.cols > 0 ? area.top + area.rows : area.top;
            for (; area.top < bottom; area.top += band_rows) {
                const int32_t left = bottom - area.top;
                area.rows = left < band_rows ? left : band_rows;
                cnnc_depthwise_find_input_s8(&geometry, input, number == 0, &area, lines);
                cnnc_depthwise_area_neon(p, &area, &layer, output, offsets);
            }
        }
        input += p->input_rows * p->input_cols * p->channels;
        output += p->output_rows * p->output_cols * p->channels;
    }
}

#endif

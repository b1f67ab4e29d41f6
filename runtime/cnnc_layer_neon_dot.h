/* SPDX-License-Identifier: MIT-0 */
/* All output channels of a layer for lines of rows (AArch64 with dot products). */
#ifndef CNNC_LAYER_NEON_DOT_H
#define CNNC_LAYER_NEON_DOT_H

#include "cnnc_rows_neon_dot.h"

/* Channels are computed in blocks: wide_blocks of 16, then one more of 16, eight_blocks of 8 and
 * four_blocks of 4. Each begins where the last one ends, or earlier, so that it ends with the last
 * channel; only a layer of fewer than four channels has a block that passes its end, and
 * CNNC_DOT_SUMS. */
struct cnnc_dot_layer {
    int32_t output_channels;
    int32_t wide_blocks;
    int32_t has_late_wide_block;
    int32_t eight_blocks;
    int32_t four_blocks;
    int32_t scaling;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* Lines of rows; their results lie behind each other. */
struct cnnc_dot_lines {
    const int8_t *input;
    int8_t *output;
    int64_t count;
    int64_t step;
};

/* Rows whose sums are scaled together. */
#define CNNC_DOT_SUMMED_ROWS 16

CNNC_KERNEL void cnnc_dot_call(const struct cnnc_dot_rows *rows, int32_t width) {
    if (width == 16) {
        CNNC_SYMBOL(dot_rows_16)(rows);
    } else if (width == 8) {
        CNNC_SYMBOL(dot_rows_8)(rows);
    } else {
        CNNC_SYMBOL(dot_rows_4)(rows);
    }
}

/* One block of one line by sums, for scales of any kind; channels from the one on that output
 * points at, count of them. */
CNNC_SHARED_KERNEL void cnnc_dot_summed_line(const struct cnnc_dot_rows *line, int32_t width,
                                             int32_t count) {
    int32_t sums[CNNC_DOT_SUMMED_ROWS * 16];
    const int32_t *const multipliers = line->channels + width;
    const int32_t *const shifts = multipliers + width;
    struct cnnc_dot_rows rows = *line;
    rows.output = sums;
    rows.output_step = 4 * width;
    for (int64_t first = 0; first < line->rows; first += CNNC_DOT_SUMMED_ROWS) {
        const int64_t left = line->rows - first;
        int8_t *const output = (int8_t *)line->output + first * line->output_step;
        rows.rows = left < CNNC_DOT_SUMMED_ROWS ? left : CNNC_DOT_SUMMED_ROWS;
        rows.input = line->input + first * line->row_step;
        cnnc_dot_call(&rows, width);
        for (int64_t i = 0; i < rows.rows * count; ++i) {
            const int64_t row = i / count;
            const int64_t channel = i % count;
            output[row * line->output_step + channel] =
                cnnc_requantize_s8(sums[row * width + channel], multipliers[channel],
                                   shifts[channel], line->zero_point, line->minimum, line->maximum);
        }
    }
}

/* Blocks of a width from a channel on for all lines; weights and channels move behind them. */
CNNC_KERNEL void cnnc_dot_part(const struct cnnc_dot_layer *layer,
                               const struct cnnc_dot_lines *lines, struct cnnc_dot_rows *rows,
                               int32_t width, int32_t blocks, int32_t channel) {
    /* A block's weights are used for all lines while the cache has them. */
    const int32_t together = lines->count > 1 || (rows->scaling & CNNC_DOT_SUMS) ? 1 : blocks;
    rows->blocks = together;
    for (int32_t block = 0; block < blocks; block += together) {
        const int32_t left = layer->output_channels - channel;
        int8_t *output = lines->output + channel;
        rows->input = lines->input;
        for (int64_t line = 0; line < lines->count; ++line) {
            rows->output = output;
            if (rows->scaling & CNNC_DOT_SUMS) {
                cnnc_dot_summed_line(rows, width, left < width ? left : width);
            } else {
                cnnc_dot_call(rows, width);
            }
            rows->input += lines->step;
            output += rows->rows * layer->output_channels;
        }
        rows->weights += rows->segments * rows->quads * 4 * width * together;
        rows->channels += 3 * width * together;
        channel += width * together;
    }
}

/* Where a block begins that should begin at a channel. */
CNNC_KERNEL int32_t cnnc_dot_begin(const struct cnnc_dot_layer *layer, int32_t channel,
                                   int32_t width) {
    const int32_t last = layer->output_channels > width ? layer->output_channels - width : 0;
    return channel < last ? channel : last;
}

/* All channels of all lines. rows says how they are read, and what the weights and channels are. */
CNNC_KERNEL void cnnc_dot_run_inlined(const struct cnnc_dot_layer *layer,
                                      const struct cnnc_dot_lines *lines,
                                      struct cnnc_dot_rows rows) {
    int32_t channel = 16 * layer->wide_blocks;
    rows.output_step = layer->output_channels;
    rows.scaling = layer->scaling;
    rows.zero_point = (int16_t)layer->zero_point;
    rows.minimum = (int8_t)layer->minimum;
    rows.maximum = (int8_t)layer->maximum;
    if (layer->wide_blocks > 0) {
        cnnc_dot_part(layer, lines, &rows, 16, layer->wide_blocks, 0);
    }
    if (layer->has_late_wide_block) {
        cnnc_dot_part(layer, lines, &rows, 16, 1, cnnc_dot_begin(layer, channel, 16));
    }
    for (int32_t block = 0; block < layer->eight_blocks; ++block) {
        channel = cnnc_dot_begin(layer, channel, 8);
        cnnc_dot_part(layer, lines, &rows, 8, 1, channel);
        channel += 8;
    }
    for (int32_t block = 0; block < layer->four_blocks; ++block) {
        channel = cnnc_dot_begin(layer, channel, 4);
        cnnc_dot_part(layer, lines, &rows, 4, 1, channel);
        channel += 4;
    }
}

/* The same in one copy for all layers. */
CNNC_SHARED_KERNEL void cnnc_dot_run(const struct cnnc_dot_layer *layer,
                                     const struct cnnc_dot_lines *lines,
                                     struct cnnc_dot_rows rows) {
    cnnc_dot_run_inlined(layer, lines, rows);
}

#endif

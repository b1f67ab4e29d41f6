/* SPDX-License-Identifier: MIT-0 */
/* Which parts of an image a depthwise convolution computes at a time: what only sees the image is
 * read from it, the rest from lines with their padding that are copied next to each other. */
#ifndef CNNC_DEPTHWISE_AREAS_S8_H
#define CNNC_DEPTHWISE_AREAS_S8_H

#include "cnnc_common.h"

/* Inside the image, above it, below it, left and right of it. */
#define CNNC_DEPTHWISE_AREAS 5

struct cnnc_depthwise_geometry_s8 {
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
    /* The outputs that are read from the image itself: these rows, these columns. */
    int32_t inner_top;
    int32_t inner_bottom;
    int32_t inner_left;
    int32_t inner_right;
    /* Output rows that are computed at a time: where lines are copied, and inside the image. */
    int32_t band_rows;
    int32_t inner_band_rows;
};

/* A rectangle of outputs. */
struct cnnc_depthwise_area_s8 {
    int32_t top;
    int32_t left;
    int32_t rows;
    int32_t cols;
    const int8_t *input; /* of tap (0, 0) of its first output */
    int32_t line_bytes;  /* from a line of the input to the next */
};

CNNC_KERNEL struct cnnc_depthwise_area_s8
cnnc_depthwise_outputs_s8(const struct cnnc_depthwise_geometry_s8 *g, int32_t number) {
    struct cnnc_depthwise_area_s8 area = {g->inner_top,
                                          g->inner_left,
                                          g->inner_bottom - g->inner_top,
                                          g->inner_right - g->inner_left,
                                          NULL,
                                          g->input_cols * g->channels};
    if (number == 1) {
        area.top = 0;
        area.rows = g->inner_top;
    } else if (number == 2) {
        area.top = g->inner_bottom;
        area.rows = g->output_rows - g->inner_bottom;
    } else if (number == 3) {
        area.left = 0;
        area.cols = g->inner_left;
    } else if (number == 4) {
        area.left = g->inner_right;
        area.cols = g->output_cols - g->inner_right;
    }
    if (number == 1 || number == 2) {
        area.left = 0;
        area.cols = g->output_cols;
    }
    return area;
}

/* Copies one line of the image with its padding; row and col are where it starts. */
CNNC_KERNEL void cnnc_depthwise_copy_line_s8(const struct cnnc_depthwise_geometry_s8 *g,
                                             const int8_t *CNNC_RESTRICT image, int32_t row,
                                             int32_t col, int32_t cols,
                                             int8_t *CNNC_RESTRICT line) {
    const int32_t left = col < 0 ? (-col < cols ? -col : cols) : 0;
    const int32_t inside = g->input_cols - (col + left);
    const int32_t room = cols - left;
    const int32_t most = inside < room ? inside : room;
    const int32_t copied = row < 0 || row >= g->input_rows || most < 0 ? 0 : most;
    if (left > 0) {
        memset(line, g->input_zero_point, (size_t)(left * g->channels));
    }
    if (copied > 0) {
        memcpy(line + left * g->channels, image + (row * g->input_cols + col + left) * g->channels,
               (size_t)(copied * g->channels));
    }
    if (copied < room) {
        memset(line + (left + copied) * g->channels, g->input_zero_point,
               (size_t)((room - copied) * g->channels));
    }
}

/* Finds the input of an area of the image, or copies its lines. */
CNNC_KERNEL void cnnc_depthwise_find_input_s8(const struct cnnc_depthwise_geometry_s8 *g,
                                              const int8_t *CNNC_RESTRICT image, int is_inside,
                                              struct cnnc_depthwise_area_s8 *area,
                                              int8_t *CNNC_RESTRICT lines) {
    const int32_t row = area->top * g->stride_rows - g->pad_top;
    const int32_t col = area->left * g->stride_cols - g->pad_left;
    const int32_t rows =
        (area->rows - 1) * g->stride_rows + (g->kernel_rows - 1) * g->dilation_rows;
    const int32_t cols =
        (area->cols - 1) * g->stride_cols + (g->kernel_cols - 1) * g->dilation_cols;
    if (is_inside) {
        area->input = image + (row * g->input_cols + col) * g->channels;
        return;
    }
    area->input = lines;
    area->line_bytes = (cols + 1) * g->channels;
    for (int32_t line = 0; line <= rows; ++line) {
        cnnc_depthwise_copy_line_s8(g, image, row + line, col, cols + 1, lines);
        lines += area->line_bytes;
    }
}

/* Where taps are, row by row from tap (0, 0) on; slots behind the last one are the first tap. */
CNNC_KERNEL void cnnc_depthwise_offsets_s8(const struct cnnc_depthwise_geometry_s8 *g,
                                           int32_t line_bytes, int32_t slots,
                                           int32_t *CNNC_RESTRICT offsets) {
    const int32_t taps = g->kernel_rows * g->kernel_cols;
    for (int32_t slot = 0; slot < slots; ++slot) {
        const int32_t row = slot / g->kernel_cols;
        const int32_t col = slot % g->kernel_cols;
        const int32_t offset = row * g->dilation_rows * line_bytes;
        offsets[slot] = slot < taps ? offset + col * g->dilation_cols * g->channels : 0;
    }
}

#endif

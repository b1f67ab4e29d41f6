/* SPDX-License-Identifier: MIT-0 */
/* What the Winograd convolutions share: walking over tiles, borders, remainders. */
#ifndef CNNC_WINOGRAD_TILES_DSP_H
#define CNNC_WINOGRAD_TILES_DSP_H

#include "cnnc_winograd_products_dsp.h"
#include "cnnc_winograd_scale_dsp.h"

struct cnnc_winograd_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t pad_top;
    int32_t pad_left;
    int32_t input_zero_point;
    int32_t ties_away;
    int32_t minimum;
    int32_t maximum;
};

/* A pair of transforms F(tile x tile, 3x3) of two tiles side by side. */
struct cnnc_winograd_method {
    int32_t tile;
    /* pixels, data, distances of rows and columns in bytes, channels / 4 */
    void (*transform_data)(const int8_t *, uint32_t *, int32_t, int32_t, int32_t);
    /* sums of one tile, constants of the channels, output */
    void (*transform_sums)(const uint32_t *, const int32_t *, int8_t *,
                           const struct cnnc_winograd_store *);
};

/* Constants of all output channels, in blocks of four: transformed weights, and four numbers a
 * channel. */
struct cnnc_winograd_constants {
    const int16_t *weights;
    const int32_t *channels;
};

/* Pixels of a pair of tiles: where they are and how far apart. */
struct cnnc_winograd_pixels {
    const int8_t *first;
    int32_t row_stride;
    int32_t col_stride;
};

/* A window of an image; may reach over its borders. */
struct cnnc_winograd_window {
    int32_t row;
    int32_t col;
    int32_t rows;
    int32_t cols;
};

/* Fills words with four zero points each. */
CNNC_SHARED_KERNEL int8_t *cnnc_winograd_fill(int8_t *to, int32_t words, int32_t zero_point) {
    const uint32_t four = ((uint32_t)zero_point & 0xffU) * 0x01010101U;
    volatile uint32_t *word = (volatile uint32_t *)(void *)to;
    for (int32_t index = 0; index < words; ++index) {
        word[index] = four;
    }
    return to + words * 4;
}

/* Copies pixels, each to the next multiple of four bytes; what is in between is of no matter, so
 * whole words are copied while there are enough. */
CNNC_KERNEL int8_t *cnnc_winograd_spread(int8_t *to, const int8_t *from, int32_t pixels,
                                         int32_t channels) {
    const int32_t depth = (channels + 3) / 4 * 4;
    int32_t left = pixels * channels;
    if (depth == channels) {
        cnnc_copy_many_bytes(to, from, left);
        return to + left;
    }
    for (; left >= depth; left -= channels) {
        for (int32_t byte = 0; byte < depth; byte += 4) {
            uint32_t word;
            memcpy(&word, from + byte, 4);
            *(volatile uint32_t *)(void *)(to + byte) = word;
        }
        to += depth;
        from += channels;
    }
    for (; left > 0; left -= channels) {
        cnnc_copy_many_bytes(to, from, channels);
        to += depth;
        from += channels;
    }
    return to;
}

/* A position moved into 0 .. extent. */
CNNC_KERNEL int32_t cnnc_winograd_clip(int32_t position, int32_t extent) {
    return position < 0 ? 0 : position > extent ? extent : position;
}

/* Copies a window of an image into patch, [row][col][channel] with channels rounded up to fours;
 * the zero point stands for pixels outside. */
CNNC_SHARED_KERNEL void cnnc_winograd_gather(const struct cnnc_winograd_parameters *p,
                                             const int8_t *image,
                                             const struct cnnc_winograd_window *window,
                                             int8_t *patch) {
    const int32_t words = (p->input_channels + 3) / 4;
    const int32_t first = cnnc_winograd_clip(window->col, p->input_cols);
    const int32_t end = cnnc_winograd_clip(window->col + window->cols, p->input_cols);
    for (int32_t row = window->row; row < window->row + window->rows; ++row) {
        if (row < 0 || row >= p->input_rows || first == end) {
            patch = cnnc_winograd_fill(patch, window->cols * words, p->input_zero_point);
            continue;
        }
        patch = cnnc_winograd_fill(patch, (first - window->col) * words, p->input_zero_point);
        patch =
            cnnc_winograd_spread(patch, image + (row * p->input_cols + first) * p->input_channels,
                                 end - first, p->input_channels);
        patch = cnnc_winograd_fill(patch, (window->col + window->cols - end) * words,
                                   p->input_zero_point);
    }
}

/* The pixels of a window: in the image, or in patch where it passes a border or the channels are
 * not a multiple of four. */
CNNC_KERNEL struct cnnc_winograd_pixels
cnnc_winograd_find_pixels(const struct cnnc_winograd_parameters *p, const int8_t *image,
                          const struct cnnc_winograd_window *window, int8_t *patch) {
    const int32_t depth = (p->input_channels + 3) / 4 * 4;
    const int inside = window->row >= 0 && window->row + window->rows <= p->input_rows &&
                       window->col >= 0 && window->col + window->cols <= p->input_cols;
    struct cnnc_winograd_pixels pixels;
    if (inside && depth == p->input_channels) {
        pixels.first = image + (window->row * p->input_cols + window->col) * depth;
        pixels.row_stride = p->input_cols * depth;
    } else {
        cnnc_winograd_gather(p, image, window, patch);
        pixels.first = patch;
        pixels.row_stride = window->cols * depth;
    }
    pixels.col_stride = depth;
    return pixels;
}

/* All output channels of two tiles; scratch as in cnnc_winograd_convolve. */
CNNC_KERNEL void cnnc_winograd_pair(const struct cnnc_winograd_parameters *p,
                                    const struct cnnc_winograd_method *method,
                                    const struct cnnc_winograd_pixels *pixels,
                                    const struct cnnc_winograd_constants *constants,
                                    struct cnnc_winograd_store *store, int8_t *output,
                                    uint32_t *scratch) {
    const int32_t chunks = (p->input_channels + 3) / 4;
    const int32_t positions = (method->tile + 2) * (method->tile + 2);
    const int16_t *weights = constants->weights;
    const int32_t *channels = constants->channels;
    uint32_t *data = scratch + positions * 8;
    method->transform_data(pixels->first, data, pixels->row_stride, pixels->col_stride, chunks);
    for (int32_t left = p->output_channels; left > 0; left -= 4) {
        store->count = left < 4 ? left : 4;
        CNNC_SYMBOL(winograd_products)(data, weights, scratch, chunks * 2, positions);
        method->transform_sums(scratch, channels, output, store);
        method->transform_sums(scratch + 4, channels, output + method->tile * store->col_stride,
                               store);
        weights += positions * chunks * 16;
        channels += 16;
        output += 4;
    }
}

/* Copies the pixels of a pair of tiles that are in the result. */
CNNC_KERNEL void cnnc_winograd_copy_pair(const struct cnnc_winograd_parameters *p, int32_t tile,
                                         int32_t row, int32_t col, const int8_t *pair,
                                         int8_t *output) {
    const int32_t rows = p->output_rows - row < tile ? p->output_rows - row : tile;
    const int32_t cols = p->output_cols - col < tile * 2 ? p->output_cols - col : tile * 2;
    for (int32_t index = 0; index < rows; ++index) {
        cnnc_copy_many_bytes(output, pair, cols * p->output_channels);
        pair += tile * 2 * p->output_channels;
        output += p->output_cols * p->output_channels;
    }
}

/* Clamps results in place to the limits of a fused activation. */
CNNC_KERNEL void cnnc_winograd_clamp(const struct cnnc_winograd_parameters *p, int8_t *output) {
    const int32_t count = p->batch * p->output_rows * p->output_cols * p->output_channels;
    if (p->minimum == -128 && p->maximum == 127) {
        return;
    }
    for (int32_t index = 0; index < count; ++index) {
        const int32_t raised = output[index] < p->minimum ? p->minimum : output[index];
        output[index] = (int8_t)(raised > p->maximum ? p->maximum : raised);
    }
}

/* Results from (row, col) on of one image; output is the image's first. */
CNNC_KERNEL void cnnc_winograd_tiles(const struct cnnc_winograd_parameters *p,
                                     const struct cnnc_winograd_method *method, int32_t row,
                                     int32_t col, const int8_t *input,
                                     const struct cnnc_winograd_constants *constants,
                                     int8_t *output, uint32_t *scratch) {
    const int32_t tile = method->tile;
    const int32_t chunks = (p->input_channels + 3) / 4;
    const struct cnnc_winograd_window window = {row - p->pad_top, col - p->pad_left, tile + 2,
                                                tile * 2 + 2};
    const int whole = row + tile <= p->output_rows && col + tile * 2 <= p->output_cols;
    const int32_t output_cols = whole ? p->output_cols : tile * 2;
    struct cnnc_winograd_store store = {p->output_channels, output_cols * p->output_channels, 0,
                                        p->ties_away};
    int8_t *target = output + (row * p->output_cols + col) * p->output_channels;
    int8_t *patch = (int8_t *)(scratch + (tile + 2) * (tile + 2) * (8 + chunks * 4));
    const struct cnnc_winograd_pixels pixels = cnnc_winograd_find_pixels(p, input, &window, patch);
    cnnc_winograd_pair(p, method, &pixels, constants, &store, whole ? target : patch, scratch);
    if (!whole) {
        cnnc_winograd_copy_pair(p, tile, row, col, patch, target);
    }
}

/* 3x3 convolution with stride 1. scratch: 8 words of sums for each position, 4 words of data for
 * each position and each four input channels, and a patch, whose bytes are the larger of the pixels
 * of a pair of tiles times input channels (rounded up to fours) and the results of one. */
CNNC_SHARED_KERNEL void cnnc_winograd_convolve(const struct cnnc_winograd_parameters *p,
                                               const struct cnnc_winograd_method *method,
                                               const int8_t *input,
                                               const struct cnnc_winograd_constants *constants,
                                               int8_t *output, int8_t *scratch) {
    int8_t *image = output;
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; row += method->tile) {
            for (int32_t col = 0; col < p->output_cols; col += method->tile * 2) {
                cnnc_winograd_tiles(p, method, row, col, input, constants, image,
                                    (uint32_t *)(void *)scratch);
            }
        }
        input += p->input_rows * p->input_cols * p->input_channels;
        image += p->output_rows * p->output_cols * p->output_channels;
    }
    cnnc_winograd_clamp(p, output);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution of one group on Armv7E-M: three output pixels times pairs of channels. */
#ifndef CNNC_CONV2D_PAIRS_S8_DSP_H
#define CNNC_CONV2D_PAIRS_S8_DSP_H

#include "cnnc_fixed_point.h"
#include "cnnc_pairs_gather_dsp.h"

/* Goes to an output pixel by its number. */
CNNC_KERNEL void cnnc_pairs_go(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p, int32_t index,
                               struct cnnc_pairs_position *position) {
    const int32_t row = index / p->output_cols;
    const int32_t col = index - row * p->output_cols;
    position->cols_left = p->output_cols - col;
    position->row = row * p->stride_rows - p->pad_top;
    position->col = col * p->stride_cols - p->pad_left;
    position->offset = (position->row * p->input_cols + position->col) * p->input_channels;
}

/* Goes on by some output pixels of the same row, and to the next row from its end. */
CNNC_KERNEL void cnnc_pairs_step(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                 const struct cnnc_pairs_layer *layer, int32_t pixels,
                                 struct cnnc_pairs_position *position) {
    position->col += pixels * p->stride_cols;
    position->offset += pixels * layer->pixel_step;
    position->cols_left -= pixels;
    if (position->cols_left == 0) {
        position->cols_left = p->output_cols;
        position->row += p->stride_rows;
        position->col = -p->pad_left;
        position->offset = (position->row * p->input_cols - p->pad_left) * p->input_channels;
    }
}

/* Whether all taps of an output pixel, and of the pixels that are more columns right of it, lie in
 * the image; last_row is negative where the kernel is taller than the image. */
CNNC_KERNEL int cnnc_pairs_inside(const struct cnnc_pairs_layer *layer, int32_t more,
                                  const struct cnnc_pairs_position *position) {
    return position->row >= 0 && position->row <= layer->last_row && position->col >= 0 &&
           position->col + more <= layer->last_col;
}

/* Expands three output pixels from a position on, or with spread 0 the same one three times. */
CNNC_KERNEL void cnnc_pairs_expand(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                   const struct cnnc_pairs_layer *layer, const int8_t *image,
                                   int32_t spread, struct cnnc_pairs_position *position) {
    struct cnnc_pairs_position positions[3];
    const int8_t *sources[3];
    int inside = p->runs_per_row == 1;
    if (inside && spread && position->cols_left >= 3 &&
        cnnc_pairs_inside(layer, 2 * p->stride_cols, position)) {
        sources[0] = image + position->offset;
        sources[1] = sources[0] + layer->pixel_step;
        sources[2] = sources[1] + layer->pixel_step;
        cnnc_pairs_step(p, layer, 3, position);
    } else {
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            positions[pixel] = *position;
            inside = inside && cnnc_pairs_inside(layer, 0, position);
            sources[pixel] = inside ? image + position->offset : image;
            cnnc_pairs_step(p, layer, spread, position);
        }
    }
    if (inside) {
        cnnc_pairs_gather_inside(layer, sources);
    } else {
        cnnc_pairs_gather(p, layer, image, positions);
    }
}

/* How many triples from a position on can be expanded as they come: neighbours in a row, all taps
 * in the image. */
CNNC_KERNEL int32_t cnnc_pairs_triples(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                       const struct cnnc_pairs_layer *layer,
                                       const struct cnnc_pairs_position *position) {
    if (!layer->straight || !cnnc_pairs_inside(layer, 0, position)) {
        return 0;
    }
    const int32_t inside = (layer->last_col - position->col) / p->stride_cols + 1;
    const int32_t pixels = inside < position->cols_left ? inside : position->cols_left;
    return pixels / 3;
}

/* Computes one image. Fewer than three pixels that are left are computed along with some that were
 * computed before; an image of one or two pixels computes each three times. */
CNNC_KERNEL void cnnc_pairs_image(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                  struct cnnc_pairs_layer *layer, const int8_t *image,
                                  const int32_t *blocks, int8_t *output) {
    const int32_t count = p->output_rows * p->output_cols;
    const int32_t spread = count >= 3 ? 1 : 0;
    struct cnnc_pairs_position position;
    cnnc_pairs_go(p, 0, &position);
    int32_t next = 0;
    layer->shape.pixels = image;
    while (next < count) {
        int32_t pixels = 1 + 2 * spread;
        if (next + 2 * spread >= count) {
            output -= (next + 3 - count) * p->output_channels;
            cnnc_pairs_go(p, count - 3, &position);
        }
        layer->shape.triples = spread ? cnnc_pairs_triples(p, layer, &position) : 0;
        if (layer->shape.triples > 0) {
            pixels = 3 * layer->shape.triples;
            layer->shape.pixels = image + position.offset;
            cnnc_pairs_step(p, layer, pixels, &position);
        } else {
            cnnc_pairs_expand(p, layer, image, spread, &position);
        }
        CNNC_PAIRS_RESULTS(layer->inputs, blocks, output, &layer->shape);
        next += pixels;
        output += pixels * p->output_channels;
        if (!spread) {
            cnnc_pairs_step(p, layer, 1, &position);
        }
    }
}

/* Copies an image into the middle of another that is filled with its zero point. */
CNNC_KERNEL void cnnc_pairs_pad(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                const int8_t *image, int8_t *padded) {
    const int32_t row_bytes = p->input_cols * p->input_channels;
    memset(padded, p->input_zero_point, (size_t)(p->input_rows * row_bytes));
    padded += p->copy_top * row_bytes + p->copy_left * p->input_channels;
    for (int32_t row = 0; row < p->copy_rows; ++row) {
        cnnc_copy_bytes(padded, image, p->copy_cols * p->input_channels);
        image += p->copy_cols * p->input_channels;
        padded += row_bytes;
    }
}

/* Fills in what a layer's pixels have in common, and the run of padding. */
CNNC_KERNEL void cnnc_pairs_prepare(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                    int8_t *scratch, struct cnnc_pairs_layer *layer) {
    const int32_t row_bytes = p->input_cols * p->input_channels;
    layer->run_bytes = p->taps_per_run * p->input_channels;
    layer->rest = layer->run_bytes & 3;
    layer->runs = p->kernel_rows * p->runs_per_row;
    layer->rest_bytes = cnnc_pairs_round_up(layer->rest * layer->runs);
    layer->inputs = (uint32_t *)(void *)scratch;
    layer->rests = scratch + 6 * p->depth;
    layer->padding = layer->rests + 3 * layer->rest_bytes;
    layer->borders = layer->padding + cnnc_pairs_round_up(layer->run_bytes);
    layer->pixel_step = p->stride_cols * p->input_channels;
    layer->last_row = p->input_rows - 1 - (p->kernel_rows - 1) * p->dilation_rows;
    layer->last_col = p->input_cols - p->taps_per_run;
    layer->shape.runs.words = layer->run_bytes >> 2;
    layer->shape.runs.rows = p->kernel_rows;
    layer->shape.runs.stride = p->dilation_rows * row_bytes;
    layer->shape.depth = p->depth;
    layer->shape.step = p->output_rows * p->output_cols >= 3 ? p->output_channels : 0;
    layer->shape.channels = p->output_channels;
    layer->shape.rest_step = layer->rest == 0 ? 0 : -layer->shape.runs.stride;
    layer->straight = p->runs_per_row == 1 && layer->run_bytes >= 4 &&
                      (layer->rest == 0 || (layer->rest == 1 && p->kernel_rows == 3));
    layer->shape.pixels = NULL;
    layer->shape.sign = p->sign;
    layer->shape.pixel_step = layer->pixel_step;
    if (p->pads) {
        memset(layer->padding, p->input_zero_point, (size_t)layer->run_bytes);
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * blocks holds weights, biases and constants as cnnc_channel_pairs_dsp.h describes, inputs in the
 * order of runs; at least two output channels. scratch is aligned to 4: 6 * depth bytes, 3 rests,
 * and with padding 4 runs, each rounded up to 4, or the padded copy. */
CNNC_SHARED_KERNEL void
cnnc_conv2d_pairs_s8_dsp(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                         const int8_t *CNNC_RESTRICT input, const int32_t *CNNC_RESTRICT blocks,
                         int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const int32_t copied = p->copy_rows * p->copy_cols * p->input_channels;
    const int32_t described = p->input_rows * p->input_cols * p->input_channels;
    const int32_t output_bytes = p->output_rows * p->output_cols * p->output_channels;
    struct cnnc_pairs_layer layer;
    cnnc_pairs_prepare(p, scratch, &layer);
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        const int8_t *image = input + batch * (copied > 0 ? copied : described);
        if (copied > 0) {
            cnnc_pairs_pad(p, image, layer.padding);
            image = layer.padding;
        }
        cnnc_pairs_image(p, &layer, image, blocks, output + batch * output_bytes);
    }
    if (p->minimum > -128 || p->maximum < 127) {
        for (int32_t i = 0; i < p->batch * output_bytes; ++i) {
            output[i] = cnnc_clamp_s8(output[i], p->minimum, p->maximum);
        }
    }
}

#endif

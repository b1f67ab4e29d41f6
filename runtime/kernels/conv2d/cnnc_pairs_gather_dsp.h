/* SPDX-License-Identifier: MIT-0 */
/* The inputs of three output pixels of a convolution, expanded to halfwords straight from the
 * image.
 *
 * A run is what lies in one piece there: a kernel row, or one tap where taps are apart. Its whole
 * words come first; the bytes that are left of all runs follow together. */
#ifndef CNNC_PAIRS_GATHER_DSP_H
#define CNNC_PAIRS_GATHER_DSP_H

#include "cnnc_channel_pairs_dsp.h"

struct cnnc_conv2d_pairs_s8_dsp_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t output_channels;
    int32_t kernel_rows;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t dilation_rows;
    int32_t dilation_cols;
    int32_t pad_top;
    int32_t pad_left;
    int32_t pads; /* whether any tap lies outside the image */
    /* Image inside a padded copy, which the fields above describe; or 0. */
    int32_t copy_rows;
    int32_t copy_cols;
    int32_t copy_top;
    int32_t copy_left;
    int32_t runs_per_row;
    int32_t taps_per_run;
    int32_t depth; /* inputs of an output pixel, those without weight included */
    int32_t input_zero_point;
    int32_t sign; /* of the exact formula; negative for the line formula */
    int32_t minimum;
    int32_t maximum;
};

/* Where tap (0, 0) of an output pixel lies in the image, inside or not. */
struct cnnc_pairs_position {
    int32_t row;
    int32_t col;
    int32_t offset;    /* in the image, elements */
    int32_t cols_left; /* output pixels to the end of the row, this one included */
};

/* What a layer's pixels have in common. */
struct cnnc_pairs_layer {
    uint32_t *inputs; /* scratch memory: expanded inputs */
    int8_t *rests;    /* scratch memory: the rests of three pixels */
    int8_t *padding;  /* scratch memory: a run of padding */
    int8_t *borders;  /* scratch memory: runs of three pixels at a border */
    int32_t run_bytes;
    int32_t rest;       /* bytes of a run behind its whole words */
    int32_t rest_bytes; /* of all runs of a pixel, rounded up to a word */
    int32_t runs;
    int32_t pixel_step; /* from one output pixel to the next, in the image */
    int32_t last_row;   /* of tap (0, 0) with all taps in the image */
    int32_t last_col;
    int straight;                  /* whether pixels in the image are expanded as they come */
    struct cnnc_pairs_shape shape; /* its runs: a pixel's in the image */
};

CNNC_KERNEL int32_t cnnc_pairs_round_up(int32_t bytes) { return (bytes + 3) & ~3; }

/* Copies taps of one pixel that are in the image, and padding for the others, to a run. */
CNNC_KERNEL void cnnc_pairs_border_run(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                       const int8_t *row, int32_t col, const int8_t *padding,
                                       int8_t *run) {
    for (int32_t tap = 0; tap < p->taps_per_run; ++tap) {
        const int inside = col + tap >= 0 && col + tap < p->input_cols;
        cnnc_copy_bytes(run, inside ? row + (col + tap) * p->input_channels : padding,
                        p->input_channels);
        run += p->input_channels;
    }
}

/* Where a run of one pixel can be read: in the image, or in scratch memory. */
CNNC_KERNEL const int8_t *cnnc_pairs_run(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                         const int8_t *image, int32_t row, int32_t col,
                                         const int8_t *padding, int8_t *border) {
    if (row < 0 || row >= p->input_rows) {
        return padding;
    }
    const int8_t *pixels = image + row * p->input_cols * p->input_channels;
    if (col >= 0 && col + p->taps_per_run <= p->input_cols) {
        return pixels + col * p->input_channels;
    }
    cnnc_pairs_border_run(p, pixels, col, padding, border);
    return border;
}

/* Expands the rests of three pixels behind their runs. */
CNNC_KERNEL void cnnc_pairs_expand_rests(const struct cnnc_pairs_layer *layer, uint32_t *target) {
    const struct cnnc_pairs_runs rests = {layer->rest_bytes >> 2, 1, 0};
    const int8_t *sources[3] = {layer->rests, layer->rests + layer->rest_bytes,
                                layer->rests + 2 * layer->rest_bytes};
    CNNC_EXPAND_PIXELS(target, sources, &rests);
}

/* Expands pixels whose runs all lie in the image, one kernel row below the other. */
CNNC_KERNEL void cnnc_pairs_gather_inside(const struct cnnc_pairs_layer *layer,
                                          const int8_t *const *pixels) {
    uint32_t *target = layer->inputs;
    if (layer->shape.runs.words > 0) {
        target = CNNC_EXPAND_PIXELS(target, pixels, &layer->shape.runs);
    }
    if (layer->rest == 0) {
        return;
    }
    for (int32_t pixel = 0; pixel < 3; ++pixel) {
        const int8_t *rest = pixels[pixel] + layer->run_bytes - layer->rest;
        int8_t *copy = layer->rests + pixel * layer->rest_bytes;
        for (int32_t row = 0; row < layer->shape.runs.rows; ++row) {
            cnnc_copy_bytes(copy, rest, layer->rest);
            copy += layer->rest;
            rest += layer->shape.runs.stride;
        }
    }
    cnnc_pairs_expand_rests(layer, target);
}

/* Expands any pixels run by run; padding becomes the input zero point, so that the folded bias is
 * exact there too. */
CNNC_KERNEL void cnnc_pairs_gather(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                   const struct cnnc_pairs_layer *layer, const int8_t *image,
                                   const struct cnnc_pairs_position *positions) {
    const struct cnnc_pairs_runs words = {layer->shape.runs.words, 1, 0};
    uint32_t *target = layer->inputs;
    for (int32_t run = 0; run < layer->runs; ++run) {
        const int32_t down = run / p->runs_per_row * p->dilation_rows;
        const int32_t across = run % p->runs_per_row * p->dilation_cols;
        const int8_t *sources[3];
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            sources[pixel] = cnnc_pairs_run(
                p, image, positions[pixel].row + down, positions[pixel].col + across,
                layer->padding, layer->borders + pixel * cnnc_pairs_round_up(layer->run_bytes));
            cnnc_copy_bytes(layer->rests + pixel * layer->rest_bytes + run * layer->rest,
                            sources[pixel] + layer->run_bytes - layer->rest, layer->rest);
        }
        if (words.words > 0) {
            target = CNNC_EXPAND_PIXELS(target, sources, &words);
        }
    }
    if (layer->rest > 0) {
        cnnc_pairs_expand_rests(layer, target);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* 2-D convolution of one group on Armv7E-M: three output pixels times pairs of channels.
 *
 * The pixels under the kernel are expanded to halfwords straight from the image, three output
 * pixels at a time. A run is what lies in one piece there: a kernel row, or one tap where taps are
 * apart. Its whole words come first; the bytes that are left of all runs follow together. */
#ifndef CNNC_CONV2D_PAIRS_S8_DSP_H
#define CNNC_CONV2D_PAIRS_S8_DSP_H

#include "cnnc_channel_pairs_dsp.h"
#include "cnnc_fixed_point.h"

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
    int32_t runs_per_row;
    int32_t taps_per_run;
    int32_t depth; /* inputs of an output pixel, those without weight included */
    int32_t input_zero_point;
    int32_t sign; /* of the exact formula; negative for the line formula */
    int32_t minimum;
    int32_t maximum;
};

/* Three output pixels: where tap (0, 0) of each lies in the image, inside or not. */
struct cnnc_pairs_pixels {
    int32_t row[3];
    int32_t col[3];
};

/* Scratch memory: expanded inputs, [3] rests of runs, a run of padding, [3] runs at a border. */
struct cnnc_pairs_scratch {
    uint32_t *inputs;
    int8_t *rests;
    int8_t *padding;
    int8_t *borders;
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

/* Copies the bytes behind the whole words of runs, which lie stride bytes apart. */
CNNC_KERNEL int8_t *cnnc_pairs_rest(const int8_t *rest, int32_t bytes, int32_t runs, int32_t stride,
                                    int8_t *target) {
    for (int32_t run = 0; run < runs; ++run) {
        for (int32_t byte = 0; byte < bytes; ++byte) {
            *target++ = rest[byte];
        }
        rest += stride;
    }
    return target;
}

/* Expands pixels whose runs all lie in the image, one kernel row below the other. */
CNNC_KERNEL void cnnc_pairs_gather_inside(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                          const int8_t *const *pixels,
                                          const struct cnnc_pairs_scratch *scratch) {
    const int32_t run_bytes = p->taps_per_run * p->input_channels;
    const int32_t rest = run_bytes & 3;
    const int32_t stride = p->dilation_rows * p->input_cols * p->input_channels;
    uint32_t *target = scratch->inputs;
    if (run_bytes >= 4) {
        target = CNNC_EXPAND_PIXELS(target, pixels[0], pixels[1], pixels[2], run_bytes >> 2,
                                    p->kernel_rows, stride);
    }
    if (rest == 0) {
        return;
    }
    const int32_t rest_bytes = cnnc_pairs_round_up(rest * p->kernel_rows);
    for (int32_t pixel = 0; pixel < 3; ++pixel) {
        cnnc_pairs_rest(pixels[pixel] + run_bytes - rest, rest, p->kernel_rows, stride,
                        scratch->rests + pixel * rest_bytes);
    }
    CNNC_EXPAND_PIXELS(target, scratch->rests, scratch->rests + rest_bytes,
                       scratch->rests + 2 * rest_bytes, rest_bytes >> 2, 1, 0);
}

/* Expands any pixels run by run; padding becomes the input zero point, so that the folded bias is
 * exact there too. */
CNNC_KERNEL void cnnc_pairs_gather(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                   const int8_t *image, const struct cnnc_pairs_pixels *pixels,
                                   const struct cnnc_pairs_scratch *scratch) {
    const int32_t run_bytes = p->taps_per_run * p->input_channels;
    const int32_t rest = run_bytes & 3;
    const int32_t runs = p->kernel_rows * p->runs_per_row;
    const int32_t rest_bytes = cnnc_pairs_round_up(rest * runs);
    const int32_t border_bytes = cnnc_pairs_round_up(run_bytes);
    uint32_t *target = scratch->inputs;
    for (int32_t run = 0; run < runs; ++run) {
        const int32_t down = run / p->runs_per_row * p->dilation_rows;
        const int32_t across = run % p->runs_per_row * p->dilation_cols;
        const int8_t *sources[3];
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            sources[pixel] =
                cnnc_pairs_run(p, image, pixels->row[pixel] + down, pixels->col[pixel] + across,
                               scratch->padding, scratch->borders + pixel * border_bytes);
            cnnc_pairs_rest(sources[pixel] + run_bytes - rest, rest, 1, 0,
                            scratch->rests + pixel * rest_bytes + run * rest);
        }
        if (run_bytes >= 4) {
            target = CNNC_EXPAND_PIXELS(target, sources[0], sources[1], sources[2], run_bytes >> 2,
                                        1, 0);
        }
    }
    if (rest != 0) {
        CNNC_EXPAND_PIXELS(target, scratch->rests, scratch->rests + rest_bytes,
                           scratch->rests + 2 * rest_bytes, rest_bytes >> 2, 1, 0);
    }
}

/* Expands output pixels first, first + spread and first + 2 spread of an image. */
CNNC_KERNEL void cnnc_pairs_expand(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                   const int8_t *image, int32_t first, int32_t spread,
                                   const struct cnnc_pairs_scratch *scratch) {
    const int32_t last_row = p->input_rows - 1 - (p->kernel_rows - 1) * p->dilation_rows;
    const int32_t last_col = p->input_cols - p->taps_per_run;
    struct cnnc_pairs_pixels pixels;
    const int8_t *sources[3];
    int inside = p->runs_per_row == 1;
    for (int32_t pixel = 0; pixel < 3; ++pixel) {
        const int32_t index = first + pixel * spread;
        const int32_t output_row = index / p->output_cols;
        const int32_t row = output_row * p->stride_rows - p->pad_top;
        const int32_t col = (index - output_row * p->output_cols) * p->stride_cols - p->pad_left;
        pixels.row[pixel] = row;
        pixels.col[pixel] = col;
        inside = inside && row >= 0 && row <= last_row && col >= 0 && col <= last_col;
        sources[pixel] = inside ? image + (row * p->input_cols + col) * p->input_channels : image;
    }
    if (inside) {
        cnnc_pairs_gather_inside(p, sources, scratch);
    } else {
        cnnc_pairs_gather(p, image, &pixels, scratch);
    }
}

/* Computes one image. Fewer than three pixels that are left are computed along with some that were
 * computed before; an image of one or two pixels computes each three times. */
CNNC_KERNEL void cnnc_pairs_image(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                                  const int8_t *image, const int32_t *blocks, int8_t *output,
                                  const struct cnnc_pairs_scratch *scratch) {
    const int32_t count = p->output_rows * p->output_cols;
    const int32_t spread = count >= 3 ? 1 : 0;
    const int32_t step = spread * p->output_channels;
    for (int32_t next = 0; next < count; next += 1 + 2 * spread) {
        const int32_t first = next + 2 * spread < count ? next : count - 1 - 2 * spread;
        int8_t *target = output + first * p->output_channels;
        cnnc_pairs_expand(p, image, first, spread, scratch);
        if (p->sign < 0) {
            CNNC_PAIRS_LINE(scratch->inputs, blocks, p->depth, target, step, p->output_channels);
        } else {
            CNNC_PAIRS_EXACT(scratch->inputs, blocks, p->depth, target, step, p->output_channels,
                             p->sign);
        }
    }
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of weights[o][tap][i] * pixel[i]).
 * blocks holds weights, biases and constants as cnnc_channel_pairs_dsp.h describes, inputs in the
 * order of runs; at least two output channels. scratch is aligned to 4: 6 * depth bytes, 3 rests,
 * and with padding 4 runs, each rounded up to 4. */
CNNC_SHARED_KERNEL void
cnnc_conv2d_pairs_s8_dsp(const struct cnnc_conv2d_pairs_s8_dsp_parameters *p,
                         const int8_t *CNNC_RESTRICT input, const int32_t *CNNC_RESTRICT blocks,
                         int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const int32_t run_bytes = p->taps_per_run * p->input_channels;
    const int32_t rests = (run_bytes & 3) * p->kernel_rows * p->runs_per_row;
    const int32_t input_bytes = p->input_rows * p->input_cols * p->input_channels;
    const int32_t output_bytes = p->output_rows * p->output_cols * p->output_channels;
    struct cnnc_pairs_scratch places;
    places.inputs = (uint32_t *)(void *)scratch;
    places.rests = scratch + 6 * p->depth;
    places.padding = places.rests + 3 * cnnc_pairs_round_up(rests);
    places.borders = places.padding + cnnc_pairs_round_up(run_bytes);
    if (p->pads) {
        memset(places.padding, p->input_zero_point, (size_t)run_bytes);
    }
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        cnnc_pairs_image(p, input + batch * input_bytes, blocks, output + batch * output_bytes,
                         &places);
    }
    if (p->minimum > -128 || p->maximum < 127) {
        for (int32_t i = 0; i < p->batch * output_bytes; ++i) {
            output[i] = cnnc_clamp_s8(output[i], p->minimum, p->maximum);
        }
    }
}

#endif

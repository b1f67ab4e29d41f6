/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution for Thumb-1, one filter per channel: channel by channel from a plane of
 * 32-bit values. */
#ifndef CNNC_DEPTHWISE_CONV2D_LINES_S8_ARMV6M_H
#define CNNC_DEPTHWISE_CONV2D_LINES_S8_ARMV6M_H

#include "cnnc_depthwise_lines_armv6m.h"

/* A line is a row or a column of the image, whichever needs fewer strips; the other axis counts
 * lines. Steps are in bytes. The plane of a stride s by t is s * t planes, one for each phase, so
 * that the outputs of a line are one word apart; a phase has phase_lines lines of phase_pitch
 * words. */
struct cnnc_depthwise_conv2d_lines_s8_armv6m_parameters {
    int32_t batch;
    int32_t input_bytes;
    int32_t output_bytes;
    int32_t channels;
    int32_t taps;
    int32_t input_lines;
    int32_t input_line_length;
    int32_t input_line_step;
    int32_t input_step;
    int32_t output_lines;
    int32_t output_line_length;
    int32_t output_line_step;
    int32_t output_step;
    int32_t line_stride;
    int32_t stride;
    int32_t line_pad;
    int32_t pad;
    int32_t phase_lines;
    int32_t phase_pitch;
    int32_t plane_words;
    int32_t input_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t sign_unit;
    int32_t wide;
};

/* Expands what a phase takes of one line of the image; line points at its first element. */
CNNC_KERNEL void cnnc_depthwise_conv2d_lines_expand_line(
    const struct cnnc_depthwise_conv2d_lines_s8_armv6m_parameters *p, const int8_t *line,
    int32_t phase, int32_t *values) {
    int32_t position = phase - p->pad;
    int32_t count = p->phase_pitch;
    while (position < 0) {
        position += p->stride;
        ++values;
        --count;
    }
    /* Elements that no window reaches, or that padding has set, are left out. */
    while (count > 0 && position + (count - 1) * p->stride >= p->input_line_length) {
        --count;
    }
    if (count > 0) {
        CNNC_SYMBOL(depthwise_expand_armv6m)
        (line + position * p->input_step, p->stride * p->input_step, values, count);
    }
}

/* Expands a channel; input points at its first element. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_lines_expand(const struct cnnc_depthwise_conv2d_lines_s8_armv6m_parameters *p,
                                   const int8_t *input, int32_t *plane) {
    for (int32_t line_phase = 0; line_phase < p->line_stride; ++line_phase) {
        for (int32_t phase = 0; phase < p->stride; ++phase) {
            int32_t line = line_phase - p->line_pad;
            for (int32_t i = 0; i < p->phase_lines; ++i) {
                if (line >= 0 && line < p->input_lines) {
                    cnnc_depthwise_conv2d_lines_expand_line(p, input + line * p->input_line_step,
                                                            phase, plane);
                }
                plane += p->phase_pitch;
                line += p->line_stride;
            }
        }
    }
}

/* Splits a channel's constants into what the assembly multiplies with. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_lines_scale(struct cnnc_depthwise_lines_armv6m_channel *channel,
                                  const int32_t *channel_data) {
    const int32_t multiplier = channel_data[1];
    const int32_t bits = channel->wide ? 8 : 10;
    const int32_t mask = ((int32_t)1 << bits) - 1;
    channel->bias = channel_data[0];
    channel->limbs[0] = multiplier & mask;
    channel->limbs[1] = (multiplier >> bits) & mask;
    channel->limbs[2] = channel->wide ? (multiplier >> 16) & mask : multiplier >> 20;
    channel->limbs[3] = multiplier >> 24;
    channel->shift = channel_data[2] & 63;
    channel->offset = channel_data[2] - channel->shift;
}

/* output[b][r][c][o] = requantize(bias[o] + sum over taps of weights[tap][o] * pixel[o]).
 * channel_data: for each channel the bias (input zero point folded in), the multiplier, and the
 * rounding offset whose lowest six bits are the shift. offsets: bytes into the plane of each tap.
 * scratch holds pairs of weight and offset of each tap, then the plane and four words that a last
 * strip may read. A channel is expanded before its results are stored: output may be input where
 * both have one shape. */
CNNC_SHARED_KERNEL void cnnc_depthwise_conv2d_lines_s8_armv6m(
    const struct cnnc_depthwise_conv2d_lines_s8_armv6m_parameters *p, const int8_t *input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT channel_data,
    const int32_t *CNNC_RESTRICT offsets, int8_t *output, int32_t *CNNC_RESTRICT scratch) {
    const int32_t strip = CNNC_DEPTHWISE_LINES_STRIP;
    const int32_t word = (int32_t)sizeof(int32_t);
    int32_t *const taps = scratch;
    int32_t *const plane = scratch + 2 * p->taps;
    int32_t padded_length = 0;
    int32_t skip = -p->taps;
    struct cnnc_depthwise_lines_armv6m_channel channel;
    while (padded_length < p->output_line_length) {
        padded_length += strip;
    }
    while (skip < 0) {
        skip += CNNC_DEPTHWISE_LINES_TAPS;
    }
    channel.taps = taps;
    channel.taps_end = plane;
    channel.skip = skip * CNNC_DEPTHWISE_LINES_TAP_CODE;
    for (int32_t i = 0; i < strip; ++i) {
        channel.output_steps[i] = (i + 1) * p->output_step;
    }
    channel.plane_line_step = (p->phase_pitch - padded_length) * word;
    channel.output_line_step = p->output_line_step - padded_length * p->output_step;
    channel.line_outputs = p->output_line_length;
    channel.minimum = p->minimum;
    channel.maximum = p->maximum;
    channel.sign_unit = p->sign_unit;
    channel.wide = p->wide;
    for (int32_t tap = 0; tap < p->taps; ++tap) {
        taps[2 * tap + 1] = offsets[tap];
    }
    for (int32_t i = 0; i < p->plane_words; ++i) {
        plane[i] = p->input_zero_point;
    }
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t c = 0; c < p->channels; ++c) {
            for (int32_t tap = 0; tap < p->taps; ++tap) {
                taps[2 * tap] = weights[tap * p->channels + c];
            }
            cnnc_depthwise_conv2d_lines_expand(p, input + c, plane);
            cnnc_depthwise_conv2d_lines_scale(&channel, channel_data + 3 * c);
            channel.plane = plane;
            channel.output = output + c;
            channel.lines = p->output_lines;
            CNNC_SYMBOL(depthwise_lines_armv6m)(&channel);
        }
        input += p->input_bytes;
        output += p->output_bytes;
    }
}

#endif

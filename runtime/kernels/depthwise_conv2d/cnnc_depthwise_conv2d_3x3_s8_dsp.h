/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution by 3x3 taps, stride 1 or 2, at least four channels, no dilation. */
#ifndef CNNC_DEPTHWISE_CONV2D_3X3_S8_DSP_H
#define CNNC_DEPTHWISE_CONV2D_3X3_S8_DSP_H

#include "cnnc_depthwise_strip_dsp.h"

/* A line is a row and a position a column, or the other way round; steps are from one to the next,
 * in elements. */
struct cnnc_depthwise_conv2d_3x3_s8_dsp_parameters {
    int32_t batch;
    int32_t channels;
    int32_t stride;
    int32_t input_lines;
    int32_t input_positions;
    int32_t input_line_step;
    int32_t input_position_step;
    int32_t output_lines;
    int32_t output_positions;
    int32_t output_line_step;
    int32_t output_position_step;
    int32_t pad_line; /* before the first */
    int32_t pad_position;
    int32_t block_positions; /* outputs of a line that are computed together */
    int32_t input_zero_point;
    int32_t addend;          /* (output zero point + 1/2) * 2^12 */
    int32_t double_rounding; /* 1, or 0 */
};

/* A block of positions of one image. */
struct cnnc_depthwise_conv2d_3x3_part {
    const int8_t *input; /* line 0 at the first position in the image */
    int8_t *output;      /* line 0 at the first position */
    int32_t positions;
    int32_t pad_before; /* positions of padding, then some in the image, then padding again */
    int32_t inside;
    int32_t pad_after;
};

/* The arrays of four channels. */
struct cnnc_depthwise_conv2d_3x3_channels {
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
};

/* Unpacks the taps of one position, scaled by 2^shift. */
CNNC_KERNEL void cnnc_depthwise_conv2d_3x3_taps(const int8_t *weights, int32_t shift,
                                                uint32_t *CNNC_RESTRICT taps) {
    const uint32_t first = (uint32_t)weights[0] << shift;
    const uint32_t second = (uint32_t)weights[1] << shift;
    const uint32_t third = (uint32_t)weights[2] << shift;
    taps[0] = cnnc_pack_low(first, second);
    taps[1] = cnnc_pack_low(second, third);
}

/* Unpacks the constants of a channel; its bias is scaled already. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_3x3_constants(const struct cnnc_depthwise_conv2d_3x3_s8_dsp_parameters *p,
                                    const struct cnnc_depthwise_conv2d_3x3_channels *channels,
                                    int32_t channel, uint32_t *CNNC_RESTRICT constants) {
    const int8_t *weights = channels->weights + channel * 9;
    const int32_t shift = channels->shifts[channel];
    cnnc_depthwise_conv2d_3x3_taps(weights, shift, constants);
    cnnc_depthwise_conv2d_3x3_taps(weights + 3, shift, constants + 2);
    cnnc_depthwise_conv2d_3x3_taps(weights + 6, shift, constants + 4);
    constants[CNNC_DEPTHWISE_STRIP_BIAS] = (uint32_t)channels->bias[channel];
    constants[CNNC_DEPTHWISE_STRIP_MULTIPLIER] = (uint32_t)channels->multipliers[channel];
    constants[CNNC_DEPTHWISE_STRIP_ADDEND] =
        (uint32_t)(p->addend + (p->double_rounding << (shift - 2)));
}

/* Expands two lines from first_line on to the planes of a pair; padding holds four zero points. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_3x3_expand(const struct cnnc_depthwise_conv2d_3x3_s8_dsp_parameters *p,
                                 const struct cnnc_depthwise_conv2d_3x3_part *block,
                                 int32_t first_line, const uint32_t *padding,
                                 uint32_t *CNNC_RESTRICT planes) {
    const int8_t *lines[2];
    int32_t steps[2];
    for (int32_t i = 0; i < 2; ++i) {
        const int32_t line = first_line + i;
        const int inside = line >= 0 && line < p->input_lines;
        lines[i] = inside ? block->input + line * p->input_line_step : (const int8_t *)padding;
        steps[i] = inside ? p->input_position_step : 0;
    }
    CNNC_SYMBOL(cnnc_depthwise_expand_dsp)
    (planes + block->pad_before, lines[0], lines[1], block->inside, steps[0], steps[1]);
}

/* Fills the positions before and after the image in all planes. */
CNNC_KERNEL void cnnc_depthwise_conv2d_3x3_pad(const struct cnnc_depthwise_conv2d_3x3_part *block,
                                               uint32_t padding, uint32_t *planes) {
    const int32_t begin = block->pad_before + block->inside;
    for (int32_t plane = 0; plane < CNNC_DEPTHWISE_STRIP_PAIRS * CNNC_DEPTHWISE_STRIP_CHANNELS;
         ++plane) {
        for (int32_t i = 0; i < block->pad_before; ++i) {
            planes[i] = padding;
        }
        for (int32_t i = 0; i < block->pad_after; ++i) {
            planes[begin + i] = padding;
        }
        planes += CNNC_DEPTHWISE_STRIP_POSITIONS;
    }
}

/* What the groups of channels of a block share. */
struct cnnc_depthwise_conv2d_3x3_state {
    uint32_t *constants; /* of four channels */
    uint32_t *planes;
    uint32_t padding; /* four input zero points */
    int is_first;     /* whether the planes have not been used yet */
};

/* Expands the pairs of lines of a strip from pair on; first_line is the strip's first. A pair that
 * lies in the padding stays from group to group where there is one strip. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_3x3_lines(const struct cnnc_depthwise_conv2d_3x3_s8_dsp_parameters *p,
                                const struct cnnc_depthwise_conv2d_3x3_part *block,
                                const struct cnnc_depthwise_conv2d_3x3_state *state,
                                int32_t first_line, int32_t pair, int32_t pairs) {
    const int stays = p->output_lines * p->stride <= 6 && !state->is_first;
    for (; pair < pairs; ++pair) {
        const int32_t line = first_line + 2 * pair;
        if (stays && (line >= p->input_lines || line + 1 < 0)) {
            continue;
        }
        cnnc_depthwise_conv2d_3x3_expand(p, block, line, &state->padding,
                                         state->planes + pair * CNNC_DEPTHWISE_STRIP_PAIR_WORDS);
    }
}

/* Computes four channels of a block but the first ones, which are skipped; input and output point
 * at the first of the four. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_3x3_group(const struct cnnc_depthwise_conv2d_3x3_s8_dsp_parameters *p,
                                const struct cnnc_depthwise_conv2d_3x3_part *block,
                                const struct cnnc_depthwise_conv2d_3x3_state *state,
                                int32_t skipped) {
    const int32_t strip_lines = p->stride == 1 ? 6 : 3;
    struct cnnc_depthwise_strip strip = {state->planes + skipped * CNNC_DEPTHWISE_STRIP_PLANE_WORDS,
                                         state->constants +
                                             skipped * CNNC_DEPTHWISE_STRIP_CONSTANTS,
                                         block->output + skipped,
                                         CNNC_DEPTHWISE_STRIP_CHANNELS - skipped,
                                         block->positions,
                                         strip_lines,
                                         p->output_position_step,
                                         p->output_line_step};
    int32_t first_line = -p->pad_line;
    int32_t rest = p->output_lines;
    int32_t pair = 0;
    for (;;) {
        strip.lines = rest < strip_lines ? rest : strip_lines;
        cnnc_depthwise_conv2d_3x3_lines(p, block, state, first_line, pair,
                                        1 + (strip.lines * p->stride + 1) / 2);
        if (p->stride == 1) {
            CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp)(&strip);
        } else {
            CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp)(&strip);
        }
        rest -= strip_lines;
        if (rest <= 0) {
            return;
        }
        CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)(state->planes);
        strip.output += strip_lines * p->output_line_step;
        first_line += 6;
        pair = 1;
    }
}

/* Computes all channels of a block. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_3x3_block(const struct cnnc_depthwise_conv2d_3x3_s8_dsp_parameters *p,
                                const struct cnnc_depthwise_conv2d_3x3_part *whole,
                                const struct cnnc_depthwise_conv2d_3x3_channels *channels,
                                uint32_t *scratch) {
    struct cnnc_depthwise_conv2d_3x3_part block = *whole;
    struct cnnc_depthwise_conv2d_3x3_state state;
    state.constants = scratch;
    state.planes = cnnc_depthwise_strip_planes(scratch + CNNC_DEPTHWISE_STRIP_CHANNELS *
                                                             CNNC_DEPTHWISE_STRIP_CONSTANTS,
                                               block.positions, p->stride);
    state.padding = ((uint32_t)p->input_zero_point & 0xFFU) * 0x01010101U;
    state.is_first = 1;
    cnnc_depthwise_conv2d_3x3_pad(whole, cnnc_sxtb16(state.padding), state.planes);
    for (int32_t channel = 0; channel < p->channels; channel += CNNC_DEPTHWISE_STRIP_CHANNELS) {
        /* The last four channels may overlap those before them. */
        const int32_t last = p->channels - CNNC_DEPTHWISE_STRIP_CHANNELS;
        const int32_t first = channel < last ? channel : last;
        block.input = whole->input + first;
        block.output = whole->output + first;
        for (int32_t i = channel - first; i < CNNC_DEPTHWISE_STRIP_CHANNELS; ++i) {
            cnnc_depthwise_conv2d_3x3_constants(
                p, channels, first + i, state.constants + i * CNNC_DEPTHWISE_STRIP_CONSTANTS);
        }
        cnnc_depthwise_conv2d_3x3_group(p, &block, &state, channel - first);
        state.is_first = 0;
    }
}

/* weights [channel][tap of position][tap of line]; bias [channel] for inputs with their zero point,
 * scaled by 2^shift; multipliers and shifts [channel] as the compiler proves them for this kernel;
 * scratch: the constants of four channels and CNNC_DEPTHWISE_STRIP_WORDS. */
CNNC_SHARED_KERNEL void cnnc_depthwise_conv2d_3x3_s8_dsp(
    const struct cnnc_depthwise_conv2d_3x3_s8_dsp_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT bias,
    const int32_t *CNNC_RESTRICT multipliers, const int8_t *CNNC_RESTRICT shifts,
    int8_t *CNNC_RESTRICT output, uint32_t *CNNC_RESTRICT scratch) {
    const struct cnnc_depthwise_conv2d_3x3_channels channels = {weights, bias, multipliers, shifts};
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t first = 0; first < p->output_positions; first += p->block_positions) {
            const int32_t rest = p->output_positions - first;
            const int32_t positions = rest < p->block_positions ? rest : p->block_positions;
            const int32_t begin = first * p->stride - p->pad_position;
            const int32_t end = begin + (positions - 1) * p->stride + 3;
            struct cnnc_depthwise_conv2d_3x3_part block;
            block.positions = positions;
            block.pad_before = begin < 0 ? -begin : 0;
            block.pad_after = end > p->input_positions ? end - p->input_positions : 0;
            block.inside = end - begin - block.pad_before - block.pad_after;
            block.input = input + (begin + block.pad_before) * p->input_position_step;
            block.output = output + first * p->output_position_step;
            cnnc_depthwise_conv2d_3x3_block(p, &block, &channels, scratch);
        }
        input += p->input_lines * p->input_positions * p->channels;
        output += p->output_lines * p->output_positions * p->channels;
    }
}

#endif

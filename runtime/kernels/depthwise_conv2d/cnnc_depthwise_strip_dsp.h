/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution by 3x3 taps of four channels at a time, strip by strip.
 *
 * A strip is a few lines of positions: rows of columns, or columns of rows. Its input is expanded
 * to four planes, one for each channel; a word of a plane holds two neighbouring lines at one
 * position as halfwords, so that one SMLAD multiplies two taps:
 *     planes[channel][pair of lines][position], 4 channels, 4 pairs, 32 positions.
 * Positions lie so that the first position's address plus their bytes, of an odd number those of
 * all but one, is a multiple of 128: loops end there. */
#ifndef CNNC_DEPTHWISE_STRIP_DSP_H
#define CNNC_DEPTHWISE_STRIP_DSP_H

#include "cnnc_dsp.h"

#define CNNC_DEPTHWISE_STRIP_POSITIONS 32
#define CNNC_DEPTHWISE_STRIP_CHANNELS 4
#define CNNC_DEPTHWISE_STRIP_PAIRS 4
/* Words from one pair of lines to the next, and from one channel to the next. */
#define CNNC_DEPTHWISE_STRIP_PAIR_WORDS 32
#define CNNC_DEPTHWISE_STRIP_PLANE_WORDS 128
/* Words of all planes from the first position on, which is up to 31 words after an aligned plane's
 * first, at most 30 of its own: keep_pair copies whole pairs. */
#define CNNC_DEPTHWISE_STRIP_WORDS 573

/* Constants of a channel, in words. Taps are [position][4]: taps of lines 0 and 1, then of lines 1
 * and 2, as halfwords. */
#define CNNC_DEPTHWISE_STRIP_BIAS 6
#define CNNC_DEPTHWISE_STRIP_MULTIPLIER 7
#define CNNC_DEPTHWISE_STRIP_ADDEND 8
#define CNNC_DEPTHWISE_STRIP_CONSTANTS 9
/* output = saturate((floor(sum * multiplier / 2^32) + addend) >> 12). */
#define CNNC_DEPTHWISE_STRIP_SHIFT 12

struct cnnc_depthwise_strip {
    const uint32_t *planes;
    const uint32_t *constants; /* [channels][9] */
    int8_t *output;            /* of the first channel, line and position */
    int32_t channels;          /* 1..4 */
    int32_t positions;         /* of the output, at least 2 */
    int32_t lines;             /* of the output, at least 1 */
    int32_t position_step;     /* of the output, in elements */
    int32_t line_step;
};

/* First position of the first plane in words of any alignment. */
CNNC_KERNEL uint32_t *cnnc_depthwise_strip_planes(uint32_t *words, int32_t positions,
                                                  int32_t stride) {
    const uintptr_t plane_bytes = CNNC_DEPTHWISE_STRIP_POSITIONS * sizeof(uint32_t);
    const uintptr_t misplaced = (uintptr_t)words % plane_bytes;
    const int32_t before = (int32_t)((2 * plane_bytes - misplaced) % plane_bytes / sizeof *words);
    return words + before + CNNC_DEPTHWISE_STRIP_POSITIONS - (positions - positions % 2) * stride;
}

#if CNNC_HAS_SIMD32

#if defined(__cplusplus)
extern "C" {
#endif
void CNNC_SYMBOL(cnnc_depthwise_expand_dsp)(uint32_t *target, const int8_t *first,
                                            const int8_t *second, int32_t positions,
                                            int32_t first_step, int32_t second_step);
void CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)(uint32_t *planes);
void CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp)(const struct cnnc_depthwise_strip *strip);
void CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp)(const struct cnnc_depthwise_strip *strip);
#if defined(__cplusplus)
}
#endif

#else

/* Expands two lines of four channels to the planes of one pair; at least 2 positions. Steps are
 * from one position to the next. */
CNNC_KERNEL void CNNC_SYMBOL(cnnc_depthwise_expand_dsp)(uint32_t *target, const int8_t *first,
                                                        const int8_t *second, int32_t positions,
                                                        int32_t first_step, int32_t second_step) {
    for (int32_t channel = 0; channel < CNNC_DEPTHWISE_STRIP_CHANNELS; ++channel) {
        for (int32_t position = 0; position < positions; ++position) {
            target[channel * CNNC_DEPTHWISE_STRIP_PLANE_WORDS + position] = cnnc_halves(
                first[position * first_step + channel], second[position * second_step + channel]);
        }
    }
}

/* Makes the last pair of lines the first. */
CNNC_KERNEL void CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)(uint32_t *planes) {
    for (int32_t channel = 0; channel < CNNC_DEPTHWISE_STRIP_CHANNELS; ++channel) {
        for (int32_t word = 0; word < CNNC_DEPTHWISE_STRIP_PAIR_WORDS; ++word) {
            planes[word] = planes[3 * CNNC_DEPTHWISE_STRIP_PAIR_WORDS + word];
        }
        planes += CNNC_DEPTHWISE_STRIP_PLANE_WORDS;
    }
}

/* Element of a plane in a line, counted from the strip's first. */
CNNC_KERNEL int32_t cnnc_depthwise_strip_value(const uint32_t *plane, int32_t line,
                                               int32_t position) {
    const uint32_t pair = plane[line / 2 * CNNC_DEPTHWISE_STRIP_PAIR_WORDS + position];
    return line % 2 == 0 ? cnnc_low_half(pair) : cnnc_high_half(pair);
}

/* One output whose first tap is at a line and position of the plane. */
CNNC_KERNEL int8_t cnnc_depthwise_strip_output(const uint32_t *constants, const uint32_t *plane,
                                               int32_t line, int32_t position) {
    uint32_t sum = constants[CNNC_DEPTHWISE_STRIP_BIAS];
    for (int32_t tap = 0; tap < 3; ++tap) {
        const uint32_t first = constants[2 * tap];
        const uint32_t second = constants[2 * tap + 1];
        const int32_t at = position + tap;
        sum += (uint32_t)(cnnc_depthwise_strip_value(plane, line, at) * cnnc_low_half(first));
        sum += (uint32_t)(cnnc_depthwise_strip_value(plane, line + 1, at) * cnnc_high_half(first));
        sum += (uint32_t)(cnnc_depthwise_strip_value(plane, line + 2, at) * cnnc_high_half(second));
    }
    const int32_t scaled =
        cnnc_smmla((int32_t)sum, (int32_t)constants[CNNC_DEPTHWISE_STRIP_MULTIPLIER],
                   (int32_t)constants[CNNC_DEPTHWISE_STRIP_ADDEND]);
    return (int8_t)cnnc_ssat8(scaled >> CNNC_DEPTHWISE_STRIP_SHIFT);
}

CNNC_KERNEL void cnnc_depthwise_strip_lines(const struct cnnc_depthwise_strip *strip,
                                            int32_t stride) {
    for (int32_t channel = 0; channel < strip->channels; ++channel) {
        const uint32_t *constants = strip->constants + channel * CNNC_DEPTHWISE_STRIP_CONSTANTS;
        const uint32_t *plane = strip->planes + channel * CNNC_DEPTHWISE_STRIP_PLANE_WORDS;
        for (int32_t line = 0; line < strip->lines; ++line) {
            int8_t *output = strip->output + channel + line * strip->line_step;
            for (int32_t position = 0; position < strip->positions; ++position) {
                output[position * strip->position_step] =
                    cnnc_depthwise_strip_output(constants, plane, line * stride, position * stride);
            }
        }
    }
}

/* Computes the outputs of a strip: at most 6 lines of 30 positions. */
CNNC_KERNEL void
CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp)(const struct cnnc_depthwise_strip *strip) {
    cnnc_depthwise_strip_lines(strip, 1);
}

/* The same where taps move by two lines and positions: at most 3 lines of 15 positions. */
CNNC_KERNEL void
CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp)(const struct cnnc_depthwise_strip *strip) {
    cnnc_depthwise_strip_lines(strip, 2);
}

#endif

#endif

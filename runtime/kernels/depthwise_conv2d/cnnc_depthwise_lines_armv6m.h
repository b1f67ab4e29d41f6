/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution of one channel from a plane of 32-bit values, for Thumb-1: four outputs of
 * a line at a time, all taps of which are consecutive words. */
#ifndef CNNC_DEPTHWISE_LINES_ARMV6M_H
#define CNNC_DEPTHWISE_LINES_ARMV6M_H

#include "cnnc_fixed_point.h"

#define CNNC_DEPTHWISE_LINES_STRIP 4
/* Taps that the assembly's loop has, and bytes of code of each. */
#define CNNC_DEPTHWISE_LINES_TAPS 9
#define CNNC_DEPTHWISE_LINES_TAP_CODE 22

/* One channel. The assembly reads these fields by offset.
 *
 * plane: where the first tap of the first output is, if its offset is 0.
 * taps: pairs (weight, offset in bytes) up to taps_end; skip is the code of the taps that the first
 * round of the loop leaves out.
 * output_steps: bytes from the first output of a strip to the others, and to the next strip.
 * plane_line_step, output_line_step: bytes from behind the last strip of a line to the next line.
 * limbs: of the multiplier, 10, 10 and 11 bits; of 8, 8, 8 and 7 bits where the sums are wide.
 * sign_unit: what negative sums lose before the last shift, for ties away from zero; wide only. */
struct cnnc_depthwise_lines_armv6m_channel {
    const int32_t *plane;
    const int32_t *taps;
    const int32_t *taps_end;
    int32_t skip;
    int8_t *output;
    int32_t output_steps[CNNC_DEPTHWISE_LINES_STRIP];
    int32_t plane_line_step;
    int32_t output_line_step;
    int32_t line_outputs;
    int32_t lines;
    int32_t bias;
    int32_t limbs[4];
    int32_t shift;
    int32_t offset;
    int32_t minimum;
    int32_t maximum;
    int32_t sign_unit;
    int32_t wide;
};

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(depthwise_lines_armv6m)(const struct cnnc_depthwise_lines_armv6m_channel *channel);
/* values[i] = source[i * step], 0 <= i < count, count >= 1. */
void CNNC_SYMBOL(depthwise_expand_armv6m)(const int8_t *source, int32_t step, int32_t *values,
                                          int32_t count);
#ifdef __cplusplus
}
#endif

#else

CNNC_KERNEL
int8_t cnnc_depthwise_lines_output(const struct cnnc_depthwise_lines_armv6m_channel *channel,
                                   const int32_t *plane) {
    const int32_t word = (int32_t)sizeof(int32_t);
    int32_t sum = channel->bias;
    for (const int32_t *tap = channel->taps; tap < channel->taps_end; tap += 2) {
        sum += tap[0] * plane[tap[1] / word];
    }
    const int32_t *limbs = channel->limbs;
    int32_t scaled = (sum * limbs[0] >> 10) + sum * limbs[1];
    scaled = (scaled >> 10) + sum * limbs[2];
    if (channel->wide) {
        scaled = (sum * limbs[0] >> 8) + sum * limbs[1];
        scaled = (scaled >> 8) + sum * limbs[2];
        scaled = (scaled >> 8) - (sum < 0 ? channel->sign_unit : 0) + sum * limbs[3];
    }
    return cnnc_clamp_s8((scaled + channel->offset) >> channel->shift, channel->minimum,
                         channel->maximum);
}

CNNC_KERNEL void
CNNC_SYMBOL(depthwise_lines_armv6m)(const struct cnnc_depthwise_lines_armv6m_channel *channel) {
    const int32_t strip = CNNC_DEPTHWISE_LINES_STRIP;
    const int32_t *plane = channel->plane;
    int8_t *output = channel->output;
    for (int32_t line = 0; line < channel->lines; ++line) {
        for (int32_t first = 0; first < channel->line_outputs; first += strip) {
            for (int32_t i = 0; i < strip && first + i < channel->line_outputs; ++i) {
                output[i == 0 ? 0 : channel->output_steps[i - 1]] =
                    cnnc_depthwise_lines_output(channel, plane + i);
            }
            plane += strip;
            output += channel->output_steps[strip - 1];
        }
        plane += channel->plane_line_step / (int32_t)sizeof(int32_t);
        output += channel->output_line_step;
    }
}

CNNC_KERNEL void CNNC_SYMBOL(depthwise_expand_armv6m)(const int8_t *source, int32_t step,
                                                      int32_t *values, int32_t count) {
    for (int32_t i = 0; i < count; ++i) {
        values[i] = source[i * step];
    }
}

#endif

#endif

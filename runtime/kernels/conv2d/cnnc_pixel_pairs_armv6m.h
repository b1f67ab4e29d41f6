/* SPDX-License-Identifier: MIT-0 */
/* Sums of products for eight pixels at a time, two pixels in one 32-bit word, for cores whose
 * multiplier gives 32 bits and no more (Thumb-1).
 *
 * A word holds q0 * 65536 + q1 for two pixels. Its product with a weight holds both products, and
 * words may be added as long as the lower sum stays in 16 bits. As |q| <= 128 it does over a run of
 * taps whose |w| add up to at most 255. Runs are as long as the weights of each channel permit; the
 * table of them is made once per layer. With P the packed sums of all runs of a channel:
 *     upper sum = sum of ((P + 2^15) >> 16),  lower sum = sum of P - 65536 * upper sum (mod 2^32).
 */
#ifndef CNNC_PIXEL_PAIRS_ARMV6M_H
#define CNNC_PIXEL_PAIRS_ARMV6M_H

#include "cnnc_fixed_point.h"
#include "cnnc_pixel_pairs_armv7m.h"

#define CNNC_PIXEL_PAIRS_WORDS 4
/* Bytes from a channel's weight to that of its next tap; as many as the words of a tap have. */
#define CNNC_PIXEL_PAIRS_STRIDE 16
#define CNNC_PIXEL_PAIRS_RUN_LIMIT 255
#define CNNC_PIXEL_PAIRS_LONGEST_RUN 11
/* A run is stored as the distance that the assembly jumps: past the taps that it does not have. */
#define CNNC_PIXEL_PAIRS_TAP_CODE 20

/* A group of output channels for one block of pixels. The assembly reads these fields by offset.
 *
 * weights: tap t of channel c is at 16 * (t % fold_taps) + c + channels * (t / fold_taps), so that
 * groups of fewer than 16 channels waste nothing; fold_bytes is 16 * fold_taps.
 * channel_data: for each channel the bias (input zero point folded in), the multiplier, and the
 * rounding offset whose lowest six bits are the shift.
 * runs: code of each run, channel by channel.
 * outputs: where the upper pixel of each word goes; the lower one follows pixel_step bytes later.
 * sign_unit: what negative sums lose before the last shift, for ties away from zero; wide only.
 * wide: sums of up to 2^23 instead of 2^20. */
struct cnnc_pixel_pairs_armv6m_group {
    const int32_t *values;
    const int32_t *values_end;
    int32_t fold_bytes;
    const int8_t *weights;
    const int32_t *channel_data;
    int32_t *partials;
    int8_t *outputs[CNNC_PIXEL_PAIRS_WORDS];
    int32_t pixel_step;
    int32_t pairs;
    int32_t channels;
    int32_t minimum;
    int32_t maximum;
    const uint8_t *runs;
    int32_t sign_unit;
    int32_t wide;
};

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#ifdef __cplusplus
extern "C" {
#endif
/* Computes all channels of the group; returns the end of their runs. */
const uint8_t *CNNC_SYMBOL(pixel_pairs_armv6m)(const struct cnnc_pixel_pairs_armv6m_group *group);
/* values[4 * t] = first[t] * 65536 + second[t], 0 <= t < count, count >= 1. */
void CNNC_SYMBOL(pixel_pairs_expand_armv6m)(const int8_t *first, const int8_t *second,
                                            int32_t *values, int32_t count);
#ifdef __cplusplus
}
#endif

#else

/* Adds the taps from values on up to the end of a fold to the packed sums of pair, run by run. */
CNNC_KERNEL const uint8_t *cnnc_pixel_pairs_fold(const int32_t *values, const int32_t *end,
                                                 const int8_t *weights, const uint8_t *runs,
                                                 uint32_t *total, int32_t *upper) {
    while (values < end) {
        int32_t taps = CNNC_PIXEL_PAIRS_LONGEST_RUN - *runs / CNNC_PIXEL_PAIRS_TAP_CODE;
        uint32_t packed = 0;
        if (*runs == CNNC_PIXEL_PAIRS_SINGLE_CODE) {
            taps = 1;
        }
        ++runs;
        for (int32_t tap = 0; tap < taps; ++tap) {
            packed += (uint32_t)*values * (uint32_t)(int32_t)*weights;
            values += CNNC_PIXEL_PAIRS_WORDS;
            weights += CNNC_PIXEL_PAIRS_STRIDE;
        }
        *total += packed;
        *upper += (int32_t)(packed + 32768u) >> 16;
    }
    return runs;
}

/* clamp((sum * multiplier / 2^20 or 2^24 + offset) >> shift); quotients are floors. */
CNNC_KERNEL int8_t cnnc_pixel_pairs_output(const struct cnnc_pixel_pairs_armv6m_group *group,
                                           const int32_t *channel_data, int32_t sum) {
    const int32_t shift = channel_data[2] & 63;
    const int64_t product = (int64_t)sum * channel_data[1];
    int32_t scaled = (int32_t)(product >> (group->wide ? 24 : 20));
    if (group->wide && sum < 0) {
        scaled -= group->sign_unit;
    }
    return cnnc_clamp_s8((scaled + channel_data[2] - shift) >> shift, group->minimum,
                         group->maximum);
}

CNNC_KERNEL const uint8_t *
CNNC_SYMBOL(pixel_pairs_armv6m)(const struct cnnc_pixel_pairs_armv6m_group *group) {
    const uint8_t *runs = group->runs;
    const int32_t fold = group->fold_bytes / (int32_t)sizeof(int32_t);
    for (int32_t channel = 0; channel < group->channels; ++channel) {
        const int32_t *data = group->channel_data + 3 * channel;
        const uint8_t *channel_runs = runs;
        for (int32_t pair = 0; pair < group->pairs; ++pair) {
            const int32_t *values = group->values;
            const int8_t *weights = group->weights + channel;
            uint32_t total = (uint32_t)data[0] * 65537u;
            int32_t upper = data[0];
            runs = channel_runs;
            while (values < group->values_end) {
                const int32_t *end =
                    group->values_end - values < fold ? group->values_end : values + fold;
                runs = cnnc_pixel_pairs_fold(values + pair, end, weights, runs, &total, &upper);
                values = end;
                weights += group->channels;
            }
            int8_t *output = group->outputs[pair] + channel;
            output[0] = cnnc_pixel_pairs_output(group, data, upper);
            output[group->pixel_step] =
                cnnc_pixel_pairs_output(group, data, (int32_t)(total - ((uint32_t)upper << 16)));
        }
    }
    return runs;
}

CNNC_KERNEL void CNNC_SYMBOL(pixel_pairs_expand_armv6m)(const int8_t *first, const int8_t *second,
                                                        int32_t *values, int32_t count) {
    for (int32_t tap = 0; tap < count; ++tap) {
        values[CNNC_PIXEL_PAIRS_WORDS * tap] = first[tap] * 65536 + second[tap];
    }
}

#endif

/* Writes the runs of the taps of one fold of a channel; returns their end. */
CNNC_KERNEL uint8_t *cnnc_pixel_pairs_fold_runs(const int8_t *weights, int32_t taps,
                                                uint8_t *runs) {
    int32_t length = 0;
    int32_t sum = 0;
    for (int32_t tap = 0; tap < taps; ++tap) {
        const int32_t weight = *weights;
        const int32_t magnitude = weight < 0 ? -weight : weight;
        weights += CNNC_PIXEL_PAIRS_STRIDE;
        sum += magnitude;
        if (sum > CNNC_PIXEL_PAIRS_RUN_LIMIT || length == CNNC_PIXEL_PAIRS_LONGEST_RUN) {
            *runs++ = (uint8_t)(length == 1 ? CNNC_PIXEL_PAIRS_SINGLE_CODE
                                            : (CNNC_PIXEL_PAIRS_LONGEST_RUN - length) *
                                                  CNNC_PIXEL_PAIRS_TAP_CODE);
            sum = magnitude;
            length = 0;
        }
        ++length;
    }
    *runs++ = (uint8_t)(length == 1
                            ? CNNC_PIXEL_PAIRS_SINGLE_CODE
                            : (CNNC_PIXEL_PAIRS_LONGEST_RUN - length) * CNNC_PIXEL_PAIRS_TAP_CODE);
    return runs;
}

/* Channels of the group that comes first where so many are left: a power of two, at most 16. */
CNNC_KERNEL int32_t cnnc_pixel_pairs_group_channels(int32_t left) {
    int32_t channels = CNNC_PIXEL_PAIRS_STRIDE;
    while (channels > left) {
        channels >>= 1;
    }
    return channels;
}

/* Taps of a fold of a group with so many channels. */
CNNC_KERNEL int32_t cnnc_pixel_pairs_fold_taps(int32_t channels, int32_t depth) {
    int32_t taps = depth;
    for (int32_t count = channels; count < CNNC_PIXEL_PAIRS_STRIDE; count <<= 1) {
        taps = (taps + 1) >> 1;
    }
    return taps;
}

/* Writes the runs of all channels of a layer with depth taps. */
CNNC_KERNEL void cnnc_pixel_pairs_runs(const int8_t *weights, int32_t channels, int32_t depth,
                                       uint8_t *runs) {
    while (channels > 0) {
        const int32_t count = cnnc_pixel_pairs_group_channels(channels);
        const int32_t fold = cnnc_pixel_pairs_fold_taps(count, depth);
        for (int32_t channel = 0; channel < count; ++channel) {
            const int8_t *slot = weights + channel;
            for (int32_t first = 0; first < depth; first += fold) {
                const int32_t left = depth - first;
                runs = cnnc_pixel_pairs_fold_runs(slot, left < fold ? left : fold, runs);
                slot += count;
            }
        }
        weights += CNNC_PIXEL_PAIRS_STRIDE * fold;
        channels -= count;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Products of one vector with the weights of four channels, two channels in one 32-bit word, for
 * layers whose weights are small.
 *
 * Four channels' unsigned weights w' = w + 128 are the bytes of a word; two of them, 16 bits apart,
 * make one factor, so that one multiplication gives two products. With X the sum of the values so
 * far, the word minus 128 * 65537 * X is low + 65536 * high of the signed weights, modulo 2^32.
 * Where the |w| of a run of taps add up to at most 255, the low sum of the run stays in 16 bits, so
 * that the high one can be told apart. */
#ifndef CNNC_FULLY_CONNECTED_LANES_ARMV6M_H
#define CNNC_FULLY_CONNECTED_LANES_ARMV6M_H

#include "cnnc_fixed_point.h"

#define CNNC_FULLY_CONNECTED_LANES 4

/* Four channels. The assembly reads these fields by offset.
 *
 * values: a multiple of four; what the vector lacks is 0.
 * corrections: 128 * 65537 * X after 0, 4, 8, ... values.
 * weights: a word per tap, the lowest byte for the first channel.
 * run_bytes: of the values of a run, a multiple of 16; 0 where there is no such run, and all
 * products are made one by one. */
struct cnnc_fully_connected_lanes_armv6m_quad {
    const int32_t *values;
    const int32_t *values_end;
    const uint32_t *corrections;
    const uint8_t *weights;
    int32_t run_bytes;
};

/* How sums become int8, see cnnc_fully_connected_quads_armv6m.h; the first two fields advance. */
struct cnnc_fully_connected_lanes_armv6m_scale {
    const int32_t *channel_data;
    int8_t *output;
    int32_t minimum;
    int32_t maximum;
    int32_t sign_unit;
    int32_t wide;
};

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#ifdef __cplusplus
extern "C" {
#endif
/* Writes the four sums, bias not included. */
void CNNC_SYMBOL(fully_connected_lanes_armv6m)(
    const struct cnnc_fully_connected_lanes_armv6m_quad *quad, int32_t *sums);
/* Stores the results of the sums up to end. */
void CNNC_SYMBOL(fully_connected_lanes_scale_armv6m)(
    struct cnnc_fully_connected_lanes_armv6m_scale *scale, const int32_t *sums, const int32_t *end);
#ifdef __cplusplus
}
#endif

#else

/* The sums of two channels from their words. */
CNNC_KERNEL void
cnnc_fully_connected_lanes_pair(const struct cnnc_fully_connected_lanes_armv6m_quad *quad,
                                const uint8_t *weights, int32_t *low, int32_t *high) {
    const int32_t depth = (int32_t)(quad->values_end - quad->values);
    const int32_t run = quad->run_bytes / (int32_t)sizeof(int32_t);
    uint32_t total = 0;
    uint32_t before = 0;
    *high = 0;
    for (int32_t first = 0; first < depth; first += run) {
        const int32_t last = depth - first < run ? depth : first + run;
        for (int32_t tap = first; tap < last; ++tap) {
            const uint8_t *word = weights + CNNC_FULLY_CONNECTED_LANES * tap;
            total += ((uint32_t)word[0] + ((uint32_t)word[2] << 16)) * (uint32_t)quad->values[tap];
        }
        const uint32_t sum = total - quad->corrections[last / CNNC_FULLY_CONNECTED_LANES];
        *high += (int32_t)(sum - before + 32768u) >> 16;
        before = sum;
    }
    *low = (int32_t)(before - ((uint32_t)*high << 16));
}

CNNC_KERNEL void
CNNC_SYMBOL(fully_connected_lanes_armv6m)(const struct cnnc_fully_connected_lanes_armv6m_quad *quad,
                                          int32_t *sums) {
    if (quad->run_bytes != 0) {
        cnnc_fully_connected_lanes_pair(quad, quad->weights, &sums[0], &sums[2]);
        cnnc_fully_connected_lanes_pair(quad, quad->weights + 1, &sums[1], &sums[3]);
        return;
    }
    for (int32_t lane = 0; lane < CNNC_FULLY_CONNECTED_LANES; ++lane) {
        const uint8_t *weights = quad->weights + lane;
        sums[lane] = 0;
        for (const int32_t *value = quad->values; value < quad->values_end; ++value) {
            sums[lane] += (*weights - 128) * *value;
            weights += CNNC_FULLY_CONNECTED_LANES;
        }
    }
}

CNNC_KERNEL void CNNC_SYMBOL(fully_connected_lanes_scale_armv6m)(
    struct cnnc_fully_connected_lanes_armv6m_scale *scale, const int32_t *sums,
    const int32_t *end) {
    while (sums < end) {
        const int32_t *data = scale->channel_data;
        const int32_t sum = *sums++ + data[0];
        const int32_t shift = data[2] & 63;
        int32_t scaled = (int32_t)((int64_t)sum * data[1] >> (scale->wide ? 24 : 20));
        if (scale->wide && sum < 0) {
            scaled -= scale->sign_unit;
        }
        scale->channel_data = data + 3;
        *scale->output++ =
            cnnc_clamp_s8((scaled + data[2] - shift) >> shift, scale->minimum, scale->maximum);
    }
}

#endif

#endif

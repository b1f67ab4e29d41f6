/* SPDX-License-Identifier: MIT-0 */
/* Depthwise products of patches of 4 rows and 4 columns (Helium).
 *
 * Values are [column][channel][4 rows], so that one gather load reads a channel's patch and one
 * VMLADAV multiplies it with a kernel of up to 4x4, zeros around it. With 3x3 the kernel fits at
 * four places: 2x2 results. */
#ifndef CNNC_MVE_PATCHES_H
#define CNNC_MVE_PATCHES_H

#include "cnnc_mve.h"

/* One band of output rows. A step is eight results: result 2 i + b has bits 2 (2 i + b) of a mask
 * and 16 bits of offsets; b is the patch (squares) or the four (singles), i the place in it. */
struct cnnc_mve_patches {
    const int8_t *values;
    const int8_t *weights;   /* [channel][16] */
    const int32_t *channels; /* [channel][bias, multiplier, divider] */
    int8_t *output;
    int32_t count; /* channels */
    int32_t whole_steps;
    int32_t patch_step;  /* bytes from b = 0 to b = 1 */
    int32_t output_step; /* bytes of output from one step to the next */
    uint32_t whole_mask;
    uint32_t last_mask; /* for one more step after the whole ones */
    int32_t zero_point;
    uint32_t columns[4]; /* offsets of a patch's columns */
    uint16_t offsets[8];
    int32_t column_step; /* bytes from a single result's patch to the next */
};

#if CNNC_HAS_MVE
#ifdef __cplusplus
extern "C" {
#endif
/* Results (0, 0), (0, 1), (1, 0), (1, 1) of patches of 3x3 kernels; weights are 0 0 0 0, then the
 * columns, each with 0 behind its rows, and there is a 0 before and four behind all of them. */
void CNNC_SYMBOL(mve_patch_squares)(const struct cnnc_mve_patches *patches);
/* One result of each patch; weights are the columns, each of 4 rows. */
void CNNC_SYMBOL(mve_patch_singles)(const struct cnnc_mve_patches *patches);
/* target[i] = rows[0][i], rows[1][i], rows[2][i], rows[3][i]; writes up to 60 bytes too many. */
void CNNC_SYMBOL(mve_interleave)(int8_t *target, const int8_t *const rows[4], int32_t bytes);
/* target [channel][16]: lane i is 0 or, if bit i of lanes is set, weights[offsets[i]]. */
void CNNC_SYMBOL(mve_expand_weights)(int8_t *target, const int8_t *weights, int32_t count,
                                     int32_t taps, const uint8_t *offsets, uint32_t lanes);
#ifdef __cplusplus
}
#endif
#else

CNNC_KERNEL int32_t cnnc_mve_patch_sum(const struct cnnc_mve_patches *patches, const int8_t *values,
                                       const int8_t *weights) {
    int32_t sum = 0;
    for (int32_t lane = 0; lane < 16; ++lane) {
        sum += values[patches->columns[lane / 4] + (uint32_t)(lane % 4)] * weights[lane];
    }
    return sum;
}

/* Computes one step of one channel. */
CNNC_KERNEL void cnnc_mve_patch_step(const struct cnnc_mve_patches *patches, int32_t channel,
                                     int32_t step, int32_t squares) {
    const int8_t *values = patches->values + 4 * channel + step * 2 * patches->patch_step;
    const int8_t *weights = patches->weights + 16 * channel;
    const int32_t *constants = patches->channels + 3 * channel;
    int8_t *output = patches->output + channel + step * patches->output_step;
    const uint32_t mask = step < patches->whole_steps ? patches->whole_mask : patches->last_mask;
    for (int32_t result = 0; result < 8; ++result) {
        const int32_t place = result / 2;
        const int32_t patch = result % 2 * patches->patch_step;
        int32_t sum;
        if ((mask >> (2 * result) & 1U) == 0) {
            continue;
        }
        if (squares) {
            sum = cnnc_mve_patch_sum(patches, values + patch,
                                     weights + 4 - 4 * (place % 2) - place / 2);
        } else {
            sum =
                cnnc_mve_patch_sum(patches, values + patch + place * patches->column_step, weights);
        }
        output[patches->offsets[result]] =
            cnnc_mve_scale_s8(sum + constants[0], constants[1], constants[2], patches->zero_point);
    }
}

CNNC_KERNEL void cnnc_mve_patch_steps(const struct cnnc_mve_patches *patches, int32_t squares) {
    for (int32_t channel = 0; channel < patches->count; ++channel) {
        for (int32_t step = 0; step <= patches->whole_steps; ++step) {
            cnnc_mve_patch_step(patches, channel, step, squares);
        }
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_patch_squares)(const struct cnnc_mve_patches *patches) {
    cnnc_mve_patch_steps(patches, 1);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_patch_singles)(const struct cnnc_mve_patches *patches) {
    cnnc_mve_patch_steps(patches, 0);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_interleave)(int8_t *target, const int8_t *const rows[4],
                                                    int32_t bytes) {
    for (int32_t i = 0; i < 4 * bytes; ++i) {
        target[i] = rows[i % 4][i / 4];
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_expand_weights)(int8_t *target, const int8_t *weights,
                                                        int32_t count, int32_t taps,
                                                        const uint8_t *offsets, uint32_t lanes) {
    for (int32_t i = 0; i < 16 * count; ++i) {
        const int8_t *channel = weights + i / 16 * taps;
        target[i] = (lanes >> (i % 16) & 1U) != 0 ? channel[offsets[i % 16]] : (int8_t)0;
    }
}
#endif

#endif

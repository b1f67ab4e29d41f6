/* SPDX-License-Identifier: MIT-0 */
/* Convolution three columns wide over rows of 16, 32 or 64 channels, with column stride 1 or 2
 * (Helium).
 *
 * A segment is 16 channels of a kernel row: the address of those of the row's first pixel. Weights
 * are [pair][segment][3 columns][2][16], pairs of channels being (0, 2), (1, 3) of each four, and
 * channels are [pair][bias, bias, multiplier, multiplier, divider, divider]. */
#ifndef CNNC_MVE_SLIDE_H
#define CNNC_MVE_SLIDE_H

#include "cnnc_mve.h"

struct cnnc_mve_slide {
    const int8_t *const *segments; /* at least two, then NULL */
    const int8_t *weights;
    const int32_t *channels;
    int8_t *output;
    int32_t pairs;  /* of channels, even */
    int32_t panels; /* of four pixels */
    int32_t zero_point;
    int32_t panel_step;  /* bytes of a row between them */
    int32_t output_step; /* bytes of output between them */
    uint32_t offsets[4]; /* of the pixels of a panel in the output, multiples of 4 */
};

#if CNNC_HAS_MVE
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(mve_slide_16_by_1)(const struct cnnc_mve_slide *slide);
void CNNC_SYMBOL(mve_slide_32_by_1)(const struct cnnc_mve_slide *slide);
void CNNC_SYMBOL(mve_slide_64_by_1)(const struct cnnc_mve_slide *slide);
void CNNC_SYMBOL(mve_slide_16_by_2)(const struct cnnc_mve_slide *slide);
void CNNC_SYMBOL(mve_slide_32_by_2)(const struct cnnc_mve_slide *slide);
void CNNC_SYMBOL(mve_slide_64_by_2)(const struct cnnc_mve_slide *slide);
#ifdef __cplusplus
}
#endif
#else

/* Sum of one channel of a pair for one pixel, offset bytes into the segments. */
CNNC_KERNEL int32_t cnnc_mve_slide_sum(const struct cnnc_mve_slide *slide, const int8_t *weights,
                                       int32_t offset, int32_t col_bytes) {
    int32_t sum = 0;
    for (int32_t segment = 0; slide->segments[segment] != NULL; ++segment) {
        const int8_t *values = slide->segments[segment] + offset;
        for (int32_t tap = 0; tap < 48; ++tap) {
            sum += values[tap / 16 * col_bytes + tap % 16] *
                   weights[96 * segment + tap / 16 * 32 + tap % 16];
        }
    }
    return sum;
}

/* Computes one panel. */
CNNC_KERNEL void cnnc_mve_slide_panel(const struct cnnc_mve_slide *slide, int32_t panel,
                                      int32_t col_bytes, int32_t stride) {
    int32_t segments = 0;
    while (slide->segments[segments] != NULL) {
        ++segments;
    }
    for (int32_t i = 0; i < 8 * slide->pairs; ++i) {
        const int32_t pair = i / 8;
        const int32_t second = i / 4 % 2;
        const int32_t pixel = i % 4;
        const int32_t *constants = slide->channels + 6 * pair + second;
        const int32_t offset = panel * slide->panel_step + pixel * stride * col_bytes;
        const int32_t sum = cnnc_mve_slide_sum(
            slide, slide->weights + 96 * segments * pair + 16 * second, offset, col_bytes);
        slide->output[panel * slide->output_step + pair / 2 * 4 + pair % 2 + 2 * second +
                      (int32_t)slide->offsets[pixel]] =
            cnnc_mve_scale_s8(sum + constants[0], constants[2], constants[4], slide->zero_point);
    }
}

CNNC_KERNEL void cnnc_mve_slide_panels(const struct cnnc_mve_slide *slide, int32_t col_bytes,
                                       int32_t stride) {
    for (int32_t panel = 0; panel < slide->panels; ++panel) {
        cnnc_mve_slide_panel(slide, panel, col_bytes, stride);
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_slide_16_by_1)(const struct cnnc_mve_slide *slide) {
    cnnc_mve_slide_panels(slide, 16, 1);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_slide_32_by_1)(const struct cnnc_mve_slide *slide) {
    cnnc_mve_slide_panels(slide, 32, 1);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_slide_64_by_1)(const struct cnnc_mve_slide *slide) {
    cnnc_mve_slide_panels(slide, 64, 1);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_slide_16_by_2)(const struct cnnc_mve_slide *slide) {
    cnnc_mve_slide_panels(slide, 16, 2);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_slide_32_by_2)(const struct cnnc_mve_slide *slide) {
    cnnc_mve_slide_panels(slide, 32, 2);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_slide_64_by_2)(const struct cnnc_mve_slide *slide) {
    cnnc_mve_slide_panels(slide, 64, 2);
}
#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Products of a panel of four pixels with the weights of output channels (Helium).
 *
 * A panel is [step][pixel][16]: the first step holds first_depth values of each pixel and zeros,
 * every later step 16. Weights are [pair][step][2][first_depth or 16], a pair being two channels,
 * and channels are [pair][bias, bias, multiplier, multiplier, divider, divider]. Reads of weights
 * may pass their end by 15 bytes if there is one step. */
#ifndef CNNC_MVE_PANEL_H
#define CNNC_MVE_PANEL_H

#include "cnnc_mve.h"

struct cnnc_mve_panel {
    const int8_t *values;
    const int8_t *weights;
    const int32_t *channels;
    int8_t *output; /* channel 0 of pixel 0 */
    int32_t pairs;  /* without a last one of one channel */
    int32_t later_steps;
    int32_t first_depth;
    int32_t zero_point;
    /* From output to each pixel. Of pairs: in the lower half to its first channel, in the upper
     * half to its second. A pixel that does not exist repeats another's values and offset. */
    uint32_t offsets[4];
    uint32_t last_offsets[4];
    int32_t has_last; /* one more pair, whose two channels are the same one */
};

#if CNNC_HAS_MVE
#ifdef __cplusplus
extern "C" {
#endif
/* Pairs are channels (0, 2), (1, 3) of each four, the output is aligned to words; the first without
 * a shorter first step, the third for more than 9 steps. */
void CNNC_SYMBOL(mve_panel_quads)(const struct cnnc_mve_panel *panel);
void CNNC_SYMBOL(mve_panel_quads_ragged)(const struct cnnc_mve_panel *panel);
void CNNC_SYMBOL(mve_panel_quads_deep)(const struct cnnc_mve_panel *panel);
/* Pairs are channels (0, 1), (2, 3) and so on. */
void CNNC_SYMBOL(mve_panel_pairs)(const struct cnnc_mve_panel *panel);
/* Fills a panel from four pixels. */
void CNNC_SYMBOL(mve_panel_pack)(int8_t *values, const int8_t *const sources[4],
                                 int32_t first_depth, int32_t later_steps);
#ifdef __cplusplus
}
#endif

#else

CNNC_KERNEL void cnnc_mve_panel_sums(const struct cnnc_mve_panel *panel, const int8_t *weights,
                                     int32_t sums[2][4]) {
    const int8_t *values = panel->values;
    for (int32_t step = 0; step <= panel->later_steps; ++step) {
        const int32_t depth = step > 0 ? 16 : panel->first_depth;
        for (int32_t pixel = 0; pixel < 4; ++pixel) {
            for (int32_t k = 0; k < depth; ++k) {
                sums[0][pixel] += weights[k] * values[k];
                sums[1][pixel] += weights[depth + k] * values[k];
            }
            values += 16;
        }
        weights += 2 * depth;
    }
}

/* Computes one pair; first is its first channel, step the distance to its second. */
CNNC_KERNEL void cnnc_mve_panel_pair(const struct cnnc_mve_panel *panel, int32_t pair,
                                     const uint32_t offsets[4], int32_t first, int32_t step) {
    const int32_t depth = panel->first_depth + 16 * panel->later_steps;
    const int32_t *channels = panel->channels + 6 * pair;
    int32_t sums[2][4] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
    cnnc_mve_panel_sums(panel, panel->weights + 2 * depth * pair, sums);
    for (int32_t pixel = 0; pixel < 4; ++pixel) {
        int8_t *places[2] = {panel->output + first + offsets[pixel],
                             panel->output + first + step + offsets[pixel]};
        if (step == 1) {
            places[0] = panel->output + first + (offsets[pixel] & 0xffffU);
            places[1] = panel->output + first + (offsets[pixel] >> 16);
        }
        for (int32_t i = 0; i < 2; ++i) {
            *places[i] = cnnc_mve_scale_s8(sums[i][pixel] + channels[i], channels[2 + i],
                                           channels[4 + i], panel->zero_point);
        }
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_quads)(const struct cnnc_mve_panel *panel) {
    for (int32_t pair = 0; pair < panel->pairs; ++pair) {
        cnnc_mve_panel_pair(panel, pair, panel->offsets, pair / 2 * 4 + pair % 2, 2);
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_quads_ragged)(const struct cnnc_mve_panel *panel) {
    CNNC_SYMBOL(mve_panel_quads)(panel);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_quads_deep)(const struct cnnc_mve_panel *panel) {
    CNNC_SYMBOL(mve_panel_quads)(panel);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_pairs)(const struct cnnc_mve_panel *panel) {
    for (int32_t pair = 0; pair < panel->pairs; ++pair) {
        cnnc_mve_panel_pair(panel, pair, panel->offsets, 2 * pair, 1);
    }
    if (panel->has_last) {
        cnnc_mve_panel_pair(panel, panel->pairs, panel->last_offsets, 2 * panel->pairs, 1);
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_pack)(int8_t *values, const int8_t *const sources[4],
                                                    int32_t first_depth, int32_t later_steps) {
    for (int32_t pixel = 0; pixel < 4; ++pixel) {
        const int8_t *source = sources[pixel];
        int8_t *place = values + 16 * pixel;
        memset(place, 0, 16);
        memcpy(place, source, (size_t)first_depth);
        for (int32_t step = 0; step < later_steps; ++step) {
            memcpy(place + 64 * (step + 1), source + first_depth + 16 * step, 16);
        }
    }
}
#endif

/* Fields of every panel of a layer; stride is that of output pixels, in bytes. */
CNNC_KERNEL void cnnc_mve_panel_begin(struct cnnc_mve_panel *panel, int32_t channels, int32_t depth,
                                      int32_t zero_point) {
    panel->pairs = channels / 2;
    panel->has_last = channels % 2;
    panel->later_steps = (depth + 15) / 16 - 1;
    panel->first_depth = depth - 16 * panel->later_steps;
    panel->zero_point = zero_point;
}

/* Offsets of the pixels that exist, 1..4 of them, stride bytes apart. */
CNNC_KERNEL void cnnc_mve_panel_pixels(struct cnnc_mve_panel *panel, int32_t channels,
                                       int32_t stride, int32_t pixels) {
    for (int32_t pixel = 0; pixel < 4; ++pixel) {
        const uint32_t offset = (uint32_t)((pixel < pixels ? pixel : pixels - 1) * stride);
        const int quads = channels % 4 == 0;
        panel->offsets[pixel] = quads ? offset : (offset | (offset + 1) << 16);
        panel->last_offsets[pixel] = offset | offset << 16;
    }
}

CNNC_KERNEL void cnnc_mve_panel_run(const struct cnnc_mve_panel *panel) {
    if (panel->pairs % 2 != 0 || panel->has_last) {
        CNNC_SYMBOL(mve_panel_pairs)(panel);
    } else if (panel->later_steps > 8) {
        CNNC_SYMBOL(mve_panel_quads_deep)(panel);
    } else if (panel->first_depth < 16) {
        CNNC_SYMBOL(mve_panel_quads_ragged)(panel);
    } else {
        CNNC_SYMBOL(mve_panel_quads)(panel);
    }
}

#endif

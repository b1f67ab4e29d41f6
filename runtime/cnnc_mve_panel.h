/* SPDX-License-Identifier: MIT-0 */
/* Products of panels of four pixels with the weights of output channels (Helium).
 *
 * A panel is packed as [step][pixel][16]: the first step holds first_depth values of each pixel and
 * zeros, every later step 16. Weights are [pair][step][2][first_depth or 16], a pair being two
 * channels, and channels are [pair][bias, bias, multiplier, multiplier, divider, divider]. Reads of
 * weights may pass their end by 15 bytes if there is one step. */
#ifndef CNNC_MVE_PANEL_H
#define CNNC_MVE_PANEL_H

#include "cnnc_mve.h"

struct cnnc_mve_panel {
    const int8_t *sources; /* the first pixel */
    const int8_t *weights;
    const int32_t *channels;
    int8_t *output; /* channel 0 of the first pixel */
    int32_t pairs;  /* without a last one of one channel */
    int32_t later_steps;
    int32_t first_depth;
    int32_t zero_point;
    /* From output to each pixel of a panel. Of pairs: in the lower half to its first channel, in
     * the upper half to its second. */
    uint32_t offsets[4];
    uint32_t last_offsets[4];
    int32_t has_last;    /* one more pair, whose two channels are the same one */
    int8_t *values;      /* scratch for the packed panel */
    int32_t source_step; /* bytes from a pixel to the next */
    int32_t panels;      /* at least one */
    int32_t output_step; /* bytes from a panel's output to the next */
};

typedef void (*cnnc_mve_panel_function)(const struct cnnc_mve_panel *panel);

#if CNNC_HAS_MVE
#ifdef __cplusplus
extern "C" {
#endif
/* Pairs are channels (0, 2), (1, 3) of each four, the output is aligned to words; the first for one
 * step, the second without a shorter first step, the last for more than 9 steps. */
void CNNC_SYMBOL(mve_panel_quads_flat)(const struct cnnc_mve_panel *panel);
void CNNC_SYMBOL(mve_panel_quads)(const struct cnnc_mve_panel *panel);
void CNNC_SYMBOL(mve_panel_quads_ragged)(const struct cnnc_mve_panel *panel);
void CNNC_SYMBOL(mve_panel_quads_deep)(const struct cnnc_mve_panel *panel);
/* Pairs are channels (0, 1), (2, 3) and so on. */
void CNNC_SYMBOL(mve_panel_pairs)(const struct cnnc_mve_panel *panel);
#ifdef __cplusplus
}
#endif

#else

/* Packs four pixels, the first of which is at source. */
CNNC_KERNEL void cnnc_mve_panel_pack(const struct cnnc_mve_panel *panel, const int8_t *source) {
    for (int32_t pixel = 0; pixel < 4; ++pixel) {
        int8_t *place = panel->values + 16 * pixel;
        memset(place, 0, 16);
        memcpy(place, source, (size_t)panel->first_depth);
        for (int32_t step = 0; step < panel->later_steps; ++step) {
            memcpy(place + 64 * (step + 1), source + panel->first_depth + 16 * step, 16);
        }
        source += panel->source_step;
    }
}

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
                                     const uint32_t offsets[4], int8_t *output, int32_t step) {
    const int32_t depth = panel->first_depth + 16 * panel->later_steps;
    const int32_t *channels = panel->channels + 6 * pair;
    int32_t sums[2][4] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
    cnnc_mve_panel_sums(panel, panel->weights + 2 * depth * pair, sums);
    for (int32_t i = 0; i < 8; ++i) {
        const int32_t pixel = i / 2;
        const int32_t second = i % 2;
        const uint32_t half = offsets[pixel] >> (16 * second) & 0xffffU;
        const uint32_t place = step == 1 ? half : offsets[pixel] + (uint32_t)(step * second);
        output[place] =
            cnnc_mve_scale_s8(sums[second][pixel] + channels[second], channels[2 + second],
                              channels[4 + second], panel->zero_point);
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_quads)(const struct cnnc_mve_panel *panel) {
    for (int32_t i = 0; i < panel->panels; ++i) {
        int8_t *output = panel->output + i * panel->output_step;
        cnnc_mve_panel_pack(panel, panel->sources + 4 * i * panel->source_step);
        for (int32_t pair = 0; pair < panel->pairs; ++pair) {
            cnnc_mve_panel_pair(panel, pair, panel->offsets, output + pair / 2 * 4 + pair % 2, 2);
        }
    }
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_quads_flat)(const struct cnnc_mve_panel *panel) {
    CNNC_SYMBOL(mve_panel_quads)(panel);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_quads_ragged)(const struct cnnc_mve_panel *panel) {
    CNNC_SYMBOL(mve_panel_quads)(panel);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_quads_deep)(const struct cnnc_mve_panel *panel) {
    CNNC_SYMBOL(mve_panel_quads)(panel);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_panel_pairs)(const struct cnnc_mve_panel *panel) {
    for (int32_t i = 0; i < panel->panels; ++i) {
        int8_t *output = panel->output + i * panel->output_step;
        cnnc_mve_panel_pack(panel, panel->sources + 4 * i * panel->source_step);
        for (int32_t pair = 0; pair < panel->pairs; ++pair) {
            cnnc_mve_panel_pair(panel, pair, panel->offsets, output + 2 * pair, 1);
        }
        if (panel->has_last) {
            cnnc_mve_panel_pair(panel, panel->pairs, panel->last_offsets, output + 2 * panel->pairs,
                                1);
        }
    }
}
#endif

/* Where the kernels' shapes are constants, so that only the functions that a model needs are
 * linked. */
CNNC_KERNEL cnnc_mve_panel_function cnnc_mve_panel_kind(int32_t channels, int32_t depth) {
    if (channels % 4 != 0) {
        return CNNC_SYMBOL(mve_panel_pairs);
    }
    if (depth <= 16) {
        return CNNC_SYMBOL(mve_panel_quads_flat);
    }
    if (depth > 144) {
        return CNNC_SYMBOL(mve_panel_quads_deep);
    }
    return depth % 16 != 0 ? CNNC_SYMBOL(mve_panel_quads_ragged) : CNNC_SYMBOL(mve_panel_quads);
}

/* Offsets of pixels that lie stride bytes apart. */
CNNC_KERNEL void cnnc_mve_panel_pixels(struct cnnc_mve_panel *panel, int32_t channels,
                                       int32_t stride) {
    for (int32_t pixel = 0; pixel < 4; ++pixel) {
        const uint32_t offset = (uint32_t)(pixel * stride);
        panel->offsets[pixel] = channels % 4 == 0 ? offset : (offset | (offset + 1) << 16);
        panel->last_offsets[pixel] = offset | offset << 16;
    }
}

/* Fields that are the same for all panels of a layer. */
CNNC_KERNEL void cnnc_mve_panel_begin(struct cnnc_mve_panel *panel, int32_t channels, int32_t depth,
                                      int32_t zero_point) {
    panel->pairs = channels / 2;
    panel->has_last = channels % 2;
    panel->later_steps = (depth + 15) / 16 - 1;
    panel->first_depth = depth - 16 * panel->later_steps;
    panel->zero_point = zero_point;
    panel->output_step = 4 * channels;
    cnnc_mve_panel_pixels(panel, channels, channels);
}

/* Computes pixels that lie source_step bytes apart, their results one behind the other. */
CNNC_SHARED_KERNEL void cnnc_mve_panel_run(struct cnnc_mve_panel *panel,
                                           cnnc_mve_panel_function run, int32_t pixels,
                                           const int8_t *sources, int32_t source_step,
                                           int8_t *output) {
    const int32_t channels = panel->output_step / 4;
    panel->sources = sources;
    panel->source_step = source_step;
    panel->output = output;
    panel->panels = pixels / 4;
    if (pixels >= 4) {
        run(panel);
    }
    if (pixels % 4 == 0) {
        return;
    }
    panel->panels = 1;
    if (pixels > 4) {
        /* The last four pixels again, with those that are left. */
        panel->sources = sources + (pixels - 4) * source_step;
        panel->output = output + (pixels - 4) * channels;
        run(panel);
        return;
    }
    /* Four times the same pixel. */
    panel->source_step = 0;
    cnnc_mve_panel_pixels(panel, channels, 0);
    for (int32_t pixel = 0; pixel < pixels; ++pixel) {
        run(panel);
        panel->sources += source_step;
        panel->output += channels;
    }
    cnnc_mve_panel_pixels(panel, channels, channels);
}

#endif

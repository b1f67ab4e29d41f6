/* SPDX-License-Identifier: MIT-0 */
/* Give up to three axes another number of elements, each a weighted sum of a few of the input. */
#ifndef CNNC_RESIZE_TAPS_F32_H
#define CNNC_RESIZE_TAPS_F32_H

#include "cnnc_common.h"

struct cnnc_resize_taps_f32_parameters {
    int32_t outer;          /* elements of the axes before the resized ones */
    int32_t input_extent_0; /* resized axes of the input, outermost first */
    int32_t input_extent_1;
    int32_t input_extent_2;
    int32_t output_extent_0;
    int32_t output_extent_1;
    int32_t output_extent_2;
    int32_t inner;  /* elements of the axes behind them */
    int32_t taps_0; /* elements that are summed along each axis */
    int32_t taps_1;
    int32_t taps_2;
};

/* Where the elements that make one of the output are along each axis, and what they weigh. */
struct cnnc_resize_taps {
    const int16_t *indices_0;
    const int16_t *indices_1;
    const int16_t *indices_2;
    const float *weights_0;
    const float *weights_1;
    const float *weights_2;
};

CNNC_KERNEL float cnnc_resize_taps_line(const struct cnnc_resize_taps_f32_parameters *p,
                                        const struct cnnc_resize_taps *taps, const float *line) {
    float sum = 0.0f;
    for (int32_t k = 0; k < p->taps_2; k++) {
        sum += taps->weights_2[k] * line[taps->indices_2[k] * p->inner];
    }
    return sum;
}

CNNC_KERNEL float cnnc_resize_taps_plane(const struct cnnc_resize_taps_f32_parameters *p,
                                         const struct cnnc_resize_taps *taps, const float *plane) {
    const int32_t stride = p->input_extent_2 * p->inner;
    float sum = 0.0f;
    for (int32_t k = 0; k < p->taps_1; k++) {
        const float *line = plane + taps->indices_1[k] * stride;
        sum += taps->weights_1[k] * cnnc_resize_taps_line(p, taps, line);
    }
    return sum;
}

CNNC_KERNEL float cnnc_resize_taps_block(const struct cnnc_resize_taps_f32_parameters *p,
                                         const struct cnnc_resize_taps *taps, const float *block) {
    const int32_t stride = p->input_extent_1 * p->input_extent_2 * p->inner;
    float sum = 0.0f;
    for (int32_t k = 0; k < p->taps_0; k++) {
        const float *plane = block + taps->indices_0[k] * stride;
        sum += taps->weights_0[k] * cnnc_resize_taps_plane(p, taps, plane);
    }
    return sum;
}

/* One block of the resized axes and what lies behind them. */
CNNC_KERNEL float *cnnc_resize_taps_all(const struct cnnc_resize_taps_f32_parameters *p,
                                        const struct cnnc_resize_taps *tables,
                                        const float *CNNC_RESTRICT input,
                                        float *CNNC_RESTRICT output) {
    struct cnnc_resize_taps taps = *tables;
    for (int32_t i = 0; i < p->output_extent_0 * p->output_extent_1; i++) {
        const int32_t plane = i / p->output_extent_1;
        const int32_t row = i % p->output_extent_1;
        taps.indices_0 = tables->indices_0 + plane * p->taps_0;
        taps.weights_0 = tables->weights_0 + plane * p->taps_0;
        taps.indices_1 = tables->indices_1 + row * p->taps_1;
        taps.weights_1 = tables->weights_1 + row * p->taps_1;
        for (int32_t col = 0; col < p->output_extent_2; col++) {
            taps.indices_2 = tables->indices_2 + col * p->taps_2;
            taps.weights_2 = tables->weights_2 + col * p->taps_2;
            for (int32_t k = 0; k < p->inner; k++) {
                *output++ = cnnc_resize_taps_block(p, &taps, input + k);
            }
        }
    }
    return output;
}

/* indices_k, weights_k: [output_extent_k][taps_k]. */
CNNC_KERNEL void
cnnc_resize_taps_f32(const struct cnnc_resize_taps_f32_parameters *p,
                     const float *CNNC_RESTRICT input, const int16_t *CNNC_RESTRICT indices_0,
                     const float *CNNC_RESTRICT weights_0, const int16_t *CNNC_RESTRICT indices_1,
                     const float *CNNC_RESTRICT weights_1, const int16_t *CNNC_RESTRICT indices_2,
                     const float *CNNC_RESTRICT weights_2, float *CNNC_RESTRICT output) {
    const struct cnnc_resize_taps tables = {indices_0, indices_1, indices_2,
                                            weights_0, weights_1, weights_2};
    for (int32_t outer = 0; outer < p->outer; outer++) {
        output = cnnc_resize_taps_all(p, &tables, input, output);
        input += p->input_extent_0 * p->input_extent_1 * p->input_extent_2 * p->inner;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Give up to three axes another number of elements, by the nearest element. */
#ifndef CNNC_RESIZE_NEAREST_BYTES_H
#define CNNC_RESIZE_NEAREST_BYTES_H

#include "cnnc_common.h"

struct cnnc_resize_nearest_bytes_parameters {
    int32_t outer;          /* elements of the axes before the resized ones */
    int32_t input_extent_0; /* resized axes of the input, outermost first */
    int32_t input_extent_1;
    int32_t input_extent_2;
    int32_t output_extent_0;
    int32_t output_extent_1;
    int32_t output_extent_2;
    int32_t inner_bytes; /* of the axes behind them */
};

/* One line of the innermost resized axis; returns the end of what was written. */
CNNC_KERNEL uint8_t *cnnc_resize_nearest_line(const struct cnnc_resize_nearest_bytes_parameters *p,
                                              const uint8_t *CNNC_RESTRICT line,
                                              const int16_t *CNNC_RESTRICT indices,
                                              uint8_t *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->output_extent_2; i++) {
        memcpy(output, line + indices[i] * p->inner_bytes, (size_t)p->inner_bytes);
        output += p->inner_bytes;
    }
    return output;
}

/* indices_k[i]: which element along axis k element i of the output is. */
CNNC_KERNEL void cnnc_resize_nearest_bytes(const struct cnnc_resize_nearest_bytes_parameters *p,
                                           const void *CNNC_RESTRICT input,
                                           const int16_t *CNNC_RESTRICT indices_0,
                                           const int16_t *CNNC_RESTRICT indices_1,
                                           const int16_t *CNNC_RESTRICT indices_2,
                                           void *CNNC_RESTRICT output) {
    const int32_t line_bytes = p->input_extent_2 * p->inner_bytes;
    const int32_t plane_bytes = p->input_extent_1 * line_bytes;
    const uint8_t *block = (const uint8_t *)input;
    uint8_t *next = (uint8_t *)output;
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t i = 0; i < p->output_extent_0; i++) {
            const uint8_t *plane = block + indices_0[i] * plane_bytes;
            for (int32_t j = 0; j < p->output_extent_1; j++) {
                const uint8_t *line = plane + indices_1[j] * line_bytes;
                next = cnnc_resize_nearest_line(p, line, indices_2, next);
            }
        }
        block += p->input_extent_0 * plane_bytes;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Surround a tensor of up to four axes of blocks with copies of its own blocks. */
#ifndef CNNC_PAD_COPY_BYTES_H
#define CNNC_PAD_COPY_BYTES_H

#include "cnnc_common.h"

/* Axis 3 is the innermost; unused axes have extent 1 and no padding. */
struct cnnc_pad_copy_bytes_parameters {
    int32_t mode;        /* 0 edge, 1 reflect, 2 symmetric, 3 wrap */
    int32_t block_bytes; /* what lies together inside of axis 3 */
    int32_t extent_0;
    int32_t extent_1;
    int32_t extent_2;
    int32_t extent_3;
    int32_t before_0;
    int32_t before_1;
    int32_t before_2;
    int32_t before_3;
    int32_t padded_0; /* extent with what is before and after */
    int32_t padded_1;
    int32_t padded_2;
    int32_t padded_3;
};

/* Index of the element of an axis that stands at this place, 0 being the first of the axis. */
CNNC_KERNEL int32_t cnnc_pad_source(int32_t mode, int32_t place, int32_t extent) {
    /* Where the mirror image counts from: the element itself or the one beyond the border. */
    const int32_t mirror = mode == 1 ? 0 : 1;
    if (place >= 0 && place < extent) {
        return place;
    }
    if (mode == 0) {
        return place < 0 ? 0 : extent - 1;
    }
    if (mode == 3) {
        return place < 0 ? place + extent : place - extent;
    }
    return place < 0 ? -mirror - place : 2 * extent - 2 + mirror - place;
}

/* The two innermost axes; returns the end of what was written. */
CNNC_KERNEL uint8_t *cnnc_pad_copy_plane(const struct cnnc_pad_copy_bytes_parameters *p,
                                         const uint8_t *CNNC_RESTRICT input,
                                         uint8_t *CNNC_RESTRICT output) {
    uint8_t *next = output;
    for (int32_t i = 0; i < p->padded_2; i++) {
        const int32_t row = cnnc_pad_source(p->mode, i - p->before_2, p->extent_2);
        for (int32_t j = 0; j < p->padded_3; j++) {
            const int32_t col = cnnc_pad_source(p->mode, j - p->before_3, p->extent_3);
            memcpy(next, input + (row * p->extent_3 + col) * p->block_bytes,
                   (size_t)p->block_bytes);
            next += p->block_bytes;
        }
    }
    return next;
}

/* input: [extent_0][extent_1][extent_2][extent_3][block]; output: the same with padded extents. */
CNNC_KERNEL void cnnc_pad_copy_bytes(const struct cnnc_pad_copy_bytes_parameters *p,
                                     const void *CNNC_RESTRICT input, void *CNNC_RESTRICT output) {
    const uint8_t *from = (const uint8_t *)input;
    const int32_t plane_bytes = p->extent_2 * p->extent_3 * p->block_bytes;
    uint8_t *next = (uint8_t *)output;
    for (int32_t i = 0; i < p->padded_0; i++) {
        const int32_t outer = cnnc_pad_source(p->mode, i - p->before_0, p->extent_0);
        for (int32_t j = 0; j < p->padded_1; j++) {
            const int32_t inner = cnnc_pad_source(p->mode, j - p->before_1, p->extent_1);
            const int32_t plane = outer * p->extent_1 + inner;
            next = cnnc_pad_copy_plane(p, from + plane * plane_bytes, next);
        }
    }
}

#endif

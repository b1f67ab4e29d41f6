/* SPDX-License-Identifier: MIT-0 */
/* Write the elements of a strided view of a tensor, of up to six axes, one after the other. */
#ifndef CNNC_MOVE_BYTES_H
#define CNNC_MOVE_BYTES_H

#include "cnnc_common.h"

/* Axis k of the view has this extent and takes this step in the input, in elements: 0 repeats, a
 * negative one goes backwards. Axis 5 is the innermost; unused axes have extent 1. */
struct cnnc_move_bytes_parameters {
    int32_t element_bytes;
    int32_t extent_0;
    int32_t extent_1;
    int32_t extent_2;
    int32_t extent_3;
    int32_t extent_4;
    int32_t extent_5;
    int32_t stride_0;
    int32_t stride_1;
    int32_t stride_2;
    int32_t stride_3;
    int32_t stride_4;
    int32_t stride_5;
};

/* The innermost axis; returns the end of what was written. */
CNNC_KERNEL uint8_t *cnnc_move_row(const struct cnnc_move_bytes_parameters *p,
                                   const uint8_t *CNNC_RESTRICT input,
                                   uint8_t *CNNC_RESTRICT output) {
    const int32_t step = p->stride_5 * p->element_bytes;
    const int32_t row_bytes = p->extent_5 * p->element_bytes;
    if (p->stride_5 == 1) {
        memcpy(output, input, (size_t)row_bytes);
        return output + row_bytes;
    }
    for (int32_t i = 0; i < p->extent_5; i++) {
        memcpy(output + i * p->element_bytes, input + i * step, (size_t)p->element_bytes);
    }
    return output + row_bytes;
}

/* The three innermost axes. */
CNNC_KERNEL uint8_t *cnnc_move_plane(const struct cnnc_move_bytes_parameters *p,
                                     const uint8_t *CNNC_RESTRICT input,
                                     uint8_t *CNNC_RESTRICT output) {
    uint8_t *next = output;
    for (int32_t i = 0; i < p->extent_3; i++) {
        for (int32_t j = 0; j < p->extent_4; j++) {
            const int32_t place = i * p->stride_3 + j * p->stride_4;
            next = cnnc_move_row(p, input + place * p->element_bytes, next);
        }
    }
    return next;
}

/* The five innermost axes. */
CNNC_KERNEL uint8_t *cnnc_move_block(const struct cnnc_move_bytes_parameters *p,
                                     const uint8_t *CNNC_RESTRICT input,
                                     uint8_t *CNNC_RESTRICT output) {
    uint8_t *next = output;
    for (int32_t i = 0; i < p->extent_1; i++) {
        for (int32_t j = 0; j < p->extent_2; j++) {
            const int32_t place = i * p->stride_1 + j * p->stride_2;
            next = cnnc_move_plane(p, input + place * p->element_bytes, next);
        }
    }
    return next;
}

/* input: the view's first element; output: [extent_0]...[extent_5]. */
CNNC_KERNEL void cnnc_move_bytes(const struct cnnc_move_bytes_parameters *p,
                                 const void *CNNC_RESTRICT input, void *CNNC_RESTRICT output) {
    const uint8_t *first = (const uint8_t *)input;
    uint8_t *next = (uint8_t *)output;
    for (int32_t i = 0; i < p->extent_0; i++) {
        next = cnnc_move_block(p, first + i * p->stride_0 * p->element_bytes, next);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Write elements in another order of up to six axes. */
#ifndef CNNC_TRANSPOSE_S8_H
#define CNNC_TRANSPOSE_S8_H

#include "cnnc_common.h"

/* Output axis k has this extent and takes this step in the input; unused axes have extent 1. */
struct cnnc_transpose_s8_parameters {
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

/* The two innermost output axes; returns the end of what was written. */
CNNC_KERNEL int8_t *cnnc_transpose_plane(const struct cnnc_transpose_s8_parameters *p,
                                         const int8_t *CNNC_RESTRICT input,
                                         int8_t *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->extent_4; i++) {
        for (int32_t j = 0; j < p->extent_5; j++) {
            output[i * p->extent_5 + j] = input[i * p->stride_4 + j * p->stride_5];
        }
    }
    return output + p->extent_4 * p->extent_5;
}

/* The four innermost output axes. */
CNNC_KERNEL int8_t *cnnc_transpose_block(const struct cnnc_transpose_s8_parameters *p,
                                         const int8_t *CNNC_RESTRICT input,
                                         int8_t *CNNC_RESTRICT output) {
    int8_t *next = output;
    for (int32_t i = 0; i < p->extent_2; i++) {
        for (int32_t j = 0; j < p->extent_3; j++) {
            next = cnnc_transpose_plane(p, input + i * p->stride_2 + j * p->stride_3, next);
        }
    }
    return next;
}

/* output: [extent_0]...[extent_5]. */
CNNC_KERNEL void cnnc_transpose_s8(const struct cnnc_transpose_s8_parameters *p,
                                   const int8_t *CNNC_RESTRICT input,
                                   int8_t *CNNC_RESTRICT output) {
    int8_t *next = output;
    for (int32_t i = 0; i < p->extent_0; i++) {
        for (int32_t j = 0; j < p->extent_1; j++) {
            next = cnnc_transpose_block(p, input + i * p->stride_0 + j * p->stride_1, next);
        }
    }
}

#endif

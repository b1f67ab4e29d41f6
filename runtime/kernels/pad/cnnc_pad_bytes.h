/* SPDX-License-Identifier: MIT-0 */
/* Put a constant around a tensor of up to four axes. */
#ifndef CNNC_PAD_BYTES_H
#define CNNC_PAD_BYTES_H

#include "cnnc_common.h"

/* In elements; axis 3 is the innermost; unused axes have extent 1 and no padding. */
struct cnnc_pad_bytes_parameters {
    int32_t element_bytes; /* 1, 2 or 4 */
    int32_t extent_0;
    int32_t extent_1;
    int32_t extent_2;
    int32_t extent_3;
    int32_t before_0;
    int32_t before_1;
    int32_t before_2;
    int32_t before_3;
    int32_t after_0;
    int32_t after_1;
    int32_t after_2;
    int32_t after_3;
    int32_t fill; /* the element's bits as an integer */
};

CNNC_KERNEL int32_t cnnc_pad_size_3(const struct cnnc_pad_bytes_parameters *p) {
    return p->before_3 + p->extent_3 + p->after_3;
}

CNNC_KERNEL int32_t cnnc_pad_size_2(const struct cnnc_pad_bytes_parameters *p) {
    return (p->before_2 + p->extent_2 + p->after_2) * cnnc_pad_size_3(p);
}

CNNC_KERNEL int32_t cnnc_pad_size_1(const struct cnnc_pad_bytes_parameters *p) {
    return (p->before_1 + p->extent_1 + p->after_1) * cnnc_pad_size_2(p);
}

/* Returns the end of what was filled. */
CNNC_KERNEL uint8_t *cnnc_pad_fill(const struct cnnc_pad_bytes_parameters *p, uint8_t *output,
                                   int32_t size) {
    const int16_t half = (int16_t)p->fill;
    if (p->element_bytes == 1) {
        memset(output, p->fill, (size_t)size);
        return output + size;
    }
    if (p->element_bytes == 2) {
        for (int32_t i = 0; i < size; i++) {
            memcpy(output + 2 * i, &half, 2);
        }
        return output + 2 * size;
    }
    for (int32_t i = 0; i < size; i++) {
        memcpy(output + 4 * i, &p->fill, 4);
    }
    return output + 4 * size;
}

CNNC_KERNEL uint8_t *cnnc_pad_axis_3(const struct cnnc_pad_bytes_parameters *p,
                                     const uint8_t *CNNC_RESTRICT input,
                                     uint8_t *CNNC_RESTRICT output) {
    const int32_t row_bytes = p->extent_3 * p->element_bytes;
    uint8_t *next = cnnc_pad_fill(p, output, p->before_3);
    memcpy(next, input, (size_t)row_bytes);
    return cnnc_pad_fill(p, next + row_bytes, p->after_3);
}

CNNC_KERNEL uint8_t *cnnc_pad_axis_2(const struct cnnc_pad_bytes_parameters *p,
                                     const uint8_t *CNNC_RESTRICT input,
                                     uint8_t *CNNC_RESTRICT output) {
    const int32_t step = p->extent_3 * p->element_bytes;
    uint8_t *next = cnnc_pad_fill(p, output, p->before_2 * cnnc_pad_size_3(p));
    for (int32_t i = 0; i < p->extent_2; i++) {
        next = cnnc_pad_axis_3(p, input + i * step, next);
    }
    return cnnc_pad_fill(p, next, p->after_2 * cnnc_pad_size_3(p));
}

CNNC_KERNEL uint8_t *cnnc_pad_axis_1(const struct cnnc_pad_bytes_parameters *p,
                                     const uint8_t *CNNC_RESTRICT input,
                                     uint8_t *CNNC_RESTRICT output) {
    const int32_t step = p->extent_2 * p->extent_3 * p->element_bytes;
    uint8_t *next = cnnc_pad_fill(p, output, p->before_1 * cnnc_pad_size_2(p));
    for (int32_t i = 0; i < p->extent_1; i++) {
        next = cnnc_pad_axis_2(p, input + i * step, next);
    }
    return cnnc_pad_fill(p, next, p->after_1 * cnnc_pad_size_2(p));
}

/* input: [extent_0][extent_1][extent_2][extent_3]; output: each extent with before and after. */
CNNC_KERNEL void cnnc_pad_bytes(const struct cnnc_pad_bytes_parameters *p,
                                const void *CNNC_RESTRICT input, void *CNNC_RESTRICT output) {
    const int32_t step = p->extent_1 * p->extent_2 * p->extent_3 * p->element_bytes;
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *next = cnnc_pad_fill(p, (uint8_t *)output, p->before_0 * cnnc_pad_size_1(p));
    for (int32_t i = 0; i < p->extent_0; i++) {
        next = cnnc_pad_axis_1(p, from + i * step, next);
    }
    (void)cnnc_pad_fill(p, next, p->after_0 * cnnc_pad_size_1(p));
}

#endif

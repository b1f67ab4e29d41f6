/* SPDX-License-Identifier: MIT-0 */
/* Put a constant around a tensor of up to four axes. */
#ifndef CNNC_PAD_S8_H
#define CNNC_PAD_S8_H

#include "cnnc_common.h"

/* Axis 3 is the innermost; unused axes have extent 1 and no padding. */
struct cnnc_pad_s8_parameters {
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
    int32_t fill;
};

CNNC_KERNEL int32_t cnnc_pad_size_3(const struct cnnc_pad_s8_parameters *p) {
    return p->before_3 + p->extent_3 + p->after_3;
}

CNNC_KERNEL int32_t cnnc_pad_size_2(const struct cnnc_pad_s8_parameters *p) {
    return (p->before_2 + p->extent_2 + p->after_2) * cnnc_pad_size_3(p);
}

CNNC_KERNEL int32_t cnnc_pad_size_1(const struct cnnc_pad_s8_parameters *p) {
    return (p->before_1 + p->extent_1 + p->after_1) * cnnc_pad_size_2(p);
}

/* Returns the end of what was filled. */
CNNC_KERNEL int8_t *cnnc_pad_fill(const struct cnnc_pad_s8_parameters *p, int8_t *output,
                                  int32_t size) {
    memset(output, p->fill, (size_t)size);
    return output + size;
}

CNNC_KERNEL int8_t *cnnc_pad_axis_3(const struct cnnc_pad_s8_parameters *p,
                                    const int8_t *CNNC_RESTRICT input,
                                    int8_t *CNNC_RESTRICT output) {
    int8_t *next = cnnc_pad_fill(p, output, p->before_3);
    memcpy(next, input, (size_t)p->extent_3);
    return cnnc_pad_fill(p, next + p->extent_3, p->after_3);
}

CNNC_KERNEL int8_t *cnnc_pad_axis_2(const struct cnnc_pad_s8_parameters *p,
                                    const int8_t *CNNC_RESTRICT input,
                                    int8_t *CNNC_RESTRICT output) {
    int8_t *next = cnnc_pad_fill(p, output, p->before_2 * cnnc_pad_size_3(p));
    for (int32_t i = 0; i < p->extent_2; i++) {
        next = cnnc_pad_axis_3(p, input + i * p->extent_3, next);
    }
    return cnnc_pad_fill(p, next, p->after_2 * cnnc_pad_size_3(p));
}

CNNC_KERNEL int8_t *cnnc_pad_axis_1(const struct cnnc_pad_s8_parameters *p,
                                    const int8_t *CNNC_RESTRICT input,
                                    int8_t *CNNC_RESTRICT output) {
    const int32_t step = p->extent_2 * p->extent_3;
    int8_t *next = cnnc_pad_fill(p, output, p->before_1 * cnnc_pad_size_2(p));
    for (int32_t i = 0; i < p->extent_1; i++) {
        next = cnnc_pad_axis_2(p, input + i * step, next);
    }
    return cnnc_pad_fill(p, next, p->after_1 * cnnc_pad_size_2(p));
}

/* input: [extent_0][extent_1][extent_2][extent_3]; output: each extent with before and after. */
CNNC_KERNEL void cnnc_pad_s8(const struct cnnc_pad_s8_parameters *p,
                             const int8_t *CNNC_RESTRICT input, int8_t *CNNC_RESTRICT output) {
    const int32_t step = p->extent_1 * p->extent_2 * p->extent_3;
    int8_t *next = cnnc_pad_fill(p, output, p->before_0 * cnnc_pad_size_1(p));
    for (int32_t i = 0; i < p->extent_0; i++) {
        next = cnnc_pad_axis_1(p, input + i * step, next);
    }
    (void)cnnc_pad_fill(p, next, p->after_0 * cnnc_pad_size_1(p));
}

#endif

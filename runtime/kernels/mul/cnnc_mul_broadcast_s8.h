/* SPDX-License-Identifier: MIT-0 */
/* Elementwise product of two tensors that broadcast together; output may be an operand of its size.
 */
#ifndef CNNC_MUL_BROADCAST_S8_H
#define CNNC_MUL_BROADCAST_S8_H

#include "cnnc_broadcast.h"
#include "cnnc_mul_s8.h"

struct cnnc_mul_broadcast_s8_parameters {
    int32_t extent_0; /* of the output, outermost first; the innermost is a row */
    int32_t extent_1;
    int32_t extent_2;
    int32_t extent_3;
    int32_t extent_4;
    int32_t extent_5;
    int32_t first_stride_0; /* in elements, 0 where the operand repeats */
    int32_t first_stride_1;
    int32_t first_stride_2;
    int32_t first_stride_3;
    int32_t first_stride_4;
    int32_t first_stride_5; /* 0 or 1 */
    int32_t second_stride_0;
    int32_t second_stride_1;
    int32_t second_stride_2;
    int32_t second_stride_3;
    int32_t second_stride_4;
    int32_t second_stride_5;
    int32_t first_zero_point;
    int32_t second_zero_point;
    int32_t output_zero_point;
    int32_t multiplier;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* One row times one element. */
CNNC_KERNEL void cnnc_mul_row_repeat_second(const struct cnnc_mul_s8_parameters *p,
                                            const int8_t *first, int8_t second, int8_t *output) {
    const int32_t factor = second - p->second_zero_point;
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = cnnc_mul_output(p, (first[i] - p->first_zero_point) * factor);
    }
}

CNNC_KERNEL void cnnc_mul_row_repeat_first(const struct cnnc_mul_s8_parameters *p, int8_t first,
                                           const int8_t *second, int8_t *output) {
    const int32_t factor = first - p->first_zero_point;
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = cnnc_mul_output(p, factor * (second[i] - p->second_zero_point));
    }
}

CNNC_KERNEL void cnnc_mul_broadcast_s8(const struct cnnc_mul_broadcast_s8_parameters *p,
                                       const int8_t *first, const int8_t *second, int8_t *output) {
    const struct cnnc_mul_s8_parameters row = {
        p->extent_5, p->first_zero_point, p->second_zero_point, p->output_zero_point, p->multiplier,
        p->shift,    p->minimum,          p->maximum,
    };
    const struct cnnc_broadcast_extents extents = {p->extent_1, p->extent_2, p->extent_3,
                                                   p->extent_4};
    const struct cnnc_broadcast_strides first_strides = {p->first_stride_0, p->first_stride_1,
                                                         p->first_stride_2, p->first_stride_3,
                                                         p->first_stride_4};
    const struct cnnc_broadcast_strides second_strides = {p->second_stride_0, p->second_stride_1,
                                                          p->second_stride_2, p->second_stride_3,
                                                          p->second_stride_4};
    const int32_t rows = p->extent_0 * p->extent_1 * p->extent_2 * p->extent_3 * p->extent_4;
    for (int32_t i = 0; i < rows; i++) {
        const int8_t *first_row = first + cnnc_broadcast_offset(i, &extents, &first_strides);
        const int8_t *second_row = second + cnnc_broadcast_offset(i, &extents, &second_strides);
        if (p->second_stride_5 == 0) {
            cnnc_mul_row_repeat_second(&row, first_row, *second_row, output);
        } else if (p->first_stride_5 == 0) {
            cnnc_mul_row_repeat_first(&row, *first_row, second_row, output);
        } else {
            cnnc_mul_s8(&row, first_row, second_row, output);
        }
        output += p->extent_5;
    }
}

#endif

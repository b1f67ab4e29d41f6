/* SPDX-License-Identifier: MIT-0 */
/* Input, below zero multiplied by a slope, which broadcasts; output may be input. */
#ifndef CNNC_PRELU_S8_H
#define CNNC_PRELU_S8_H

#include "cnnc_broadcast.h"
#include "cnnc_fixed_point.h"

struct cnnc_prelu_s8_parameters {
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
    int32_t first_stride_5;
    int32_t second_stride_0;
    int32_t second_stride_1;
    int32_t second_stride_2;
    int32_t second_stride_3;
    int32_t second_stride_4;
    int32_t second_stride_5;
    int32_t first_zero_point;
    int32_t second_zero_point;
    int32_t output_zero_point;
    int32_t above_multiplier; /* input scale over output scale */
    int32_t above_shift;
    int32_t below_multiplier; /* input scale times slope scale over output scale */
    int32_t below_shift;
};

CNNC_KERNEL int8_t cnnc_prelu_element(const struct cnnc_prelu_s8_parameters *p, int8_t input,
                                      int8_t slope) {
    const int32_t distance = input - p->first_zero_point;
    if (distance >= 0) {
        return cnnc_requantize_s8(distance, p->above_multiplier, p->above_shift,
                                  p->output_zero_point, -128, 127);
    }
    return cnnc_requantize_s8(distance * (slope - p->second_zero_point), p->below_multiplier,
                              p->below_shift, p->output_zero_point, -128, 127);
}

CNNC_KERNEL void cnnc_prelu_s8(const struct cnnc_prelu_s8_parameters *p, const int8_t *first,
                               const int8_t *second, int8_t *output) {
    const struct cnnc_broadcast_extents extents = {p->extent_1, p->extent_2, p->extent_3,
                                                   p->extent_4};
    const struct cnnc_broadcast_strides first_strides = {p->first_stride_0, p->first_stride_1,
                                                         p->first_stride_2, p->first_stride_3,
                                                         p->first_stride_4};
    const struct cnnc_broadcast_strides second_strides = {p->second_stride_0, p->second_stride_1,
                                                          p->second_stride_2, p->second_stride_3,
                                                          p->second_stride_4};
    const int32_t rows = p->extent_0 * p->extent_1 * p->extent_2 * p->extent_3 * p->extent_4;
    for (int32_t row = 0; row < rows; row++) {
        const int8_t *left = first + cnnc_broadcast_offset(row, &extents, &first_strides);
        const int8_t *right = second + cnnc_broadcast_offset(row, &extents, &second_strides);
        for (int32_t i = 0; i < p->extent_5; i++) {
            output[i] =
                cnnc_prelu_element(p, left[i * p->first_stride_5], right[i * p->second_stride_5]);
        }
        output += p->extent_5;
    }
}

#endif

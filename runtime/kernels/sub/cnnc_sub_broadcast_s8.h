/* SPDX-License-Identifier: MIT-0 */
/* Elementwise difference of two tensors that broadcast together; output may be an operand of its
 * size. */
#ifndef CNNC_SUB_BROADCAST_S8_H
#define CNNC_SUB_BROADCAST_S8_H

#include "cnnc_add_broadcast_s8.h"
#include "cnnc_sub_s8.h"

/* One row minus one element, or one element minus one row. */
CNNC_KERNEL void cnnc_sub_row_repeat_second(const struct cnnc_add_s8_parameters *p,
                                            const int8_t *first, int8_t second, int8_t *output) {
    const int32_t scaled = cnnc_add_second(p, second);
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = cnnc_add_output(p, cnnc_add_first(p, first[i]) - scaled);
    }
}

CNNC_KERNEL void cnnc_sub_row_repeat_first(const struct cnnc_add_s8_parameters *p, int8_t first,
                                           const int8_t *second, int8_t *output) {
    const int32_t scaled = cnnc_add_first(p, first);
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = cnnc_add_output(p, scaled - cnnc_add_second(p, second[i]));
    }
}

CNNC_KERNEL void cnnc_sub_broadcast_s8(const struct cnnc_add_broadcast_s8_parameters *p,
                                       const int8_t *first, const int8_t *second, int8_t *output) {
    const struct cnnc_add_s8_parameters row = {
        p->extent_5,          p->first_zero_point,  p->first_multiplier, p->first_shift,
        p->second_zero_point, p->second_multiplier, p->second_shift,     p->output_zero_point,
        p->output_multiplier, p->output_shift,      p->minimum,          p->maximum,
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
            cnnc_sub_row_repeat_second(&row, first_row, *second_row, output);
        } else if (p->first_stride_5 == 0) {
            cnnc_sub_row_repeat_first(&row, *first_row, second_row, output);
        } else {
            cnnc_sub_s8(&row, first_row, second_row, output);
        }
        output += p->extent_5;
    }
}

#endif

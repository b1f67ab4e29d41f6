/* SPDX-License-Identifier: MIT-0 */
/* Apply a function to pairs of real numbers of two tensors that broadcast together, then clamp. */
#ifndef CNNC_BINARY_F32_H
#define CNNC_BINARY_F32_H

#include "cnnc_broadcast.h"
#include "cnnc_float_math.h"

struct cnnc_binary_f32_parameters {
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
    float minimum; /* infinite where the result is not clamped */
    float maximum;
};

typedef float (*cnnc_binary_function)(float first, float second);

/* The function is a constant where this is called, and is inlined. Output may be an operand of its
 * size: element i is read before element i of the output is written. */
CNNC_KERNEL void cnnc_binary_f32(const struct cnnc_binary_f32_parameters *p, const float *first,
                                 const float *second, float *output,
                                 cnnc_binary_function function) {
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
        const float *left = first + cnnc_broadcast_offset(row, &extents, &first_strides);
        const float *right = second + cnnc_broadcast_offset(row, &extents, &second_strides);
        for (int32_t i = 0; i < p->extent_5; i++) {
            const float result =
                function(left[i * p->first_stride_5], right[i * p->second_stride_5]);
            output[i] = cnnc_float_clamp(result, p->minimum, p->maximum);
        }
        output += p->extent_5;
    }
}

#endif

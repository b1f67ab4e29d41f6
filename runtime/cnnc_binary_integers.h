/* SPDX-License-Identifier: MIT-0 */
/* Apply a function to pairs of integers of two tensors that broadcast together. */
#ifndef CNNC_BINARY_INTEGERS_H
#define CNNC_BINARY_INTEGERS_H

#include "cnnc_broadcast.h"
#include "cnnc_integers.h"

struct cnnc_binary_integers_parameters {
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
    int32_t element_bytes; /* 1, 2 or 4 */
    int32_t is_signed;
};

typedef int64_t (*cnnc_integer_function)(int64_t first, int64_t second);

/* The function is a constant where this is called, and is inlined; its result is reduced to the
 * element's bits. Output may be an operand of its size. */
CNNC_KERNEL void cnnc_binary_integers(const struct cnnc_binary_integers_parameters *p,
                                      const void *first, const void *second, void *output,
                                      cnnc_integer_function function) {
    const struct cnnc_broadcast_extents extents = {p->extent_1, p->extent_2, p->extent_3,
                                                   p->extent_4};
    const struct cnnc_broadcast_strides first_strides = {p->first_stride_0, p->first_stride_1,
                                                         p->first_stride_2, p->first_stride_3,
                                                         p->first_stride_4};
    const struct cnnc_broadcast_strides second_strides = {p->second_stride_0, p->second_stride_1,
                                                          p->second_stride_2, p->second_stride_3,
                                                          p->second_stride_4};
    const int32_t rows = p->extent_0 * p->extent_1 * p->extent_2 * p->extent_3 * p->extent_4;
    const int32_t kind = p->is_signed != 0 ? -p->element_bytes : p->element_bytes;
    for (int32_t row = 0; row < rows; row++) {
        const int32_t left = cnnc_broadcast_offset(row, &extents, &first_strides);
        const int32_t right = cnnc_broadcast_offset(row, &extents, &second_strides);
        for (int32_t i = 0; i < p->extent_5; i++) {
            const int64_t one = cnnc_load_integer(first, left + i * p->first_stride_5, kind);
            const int64_t other = cnnc_load_integer(second, right + i * p->second_stride_5, kind);
            cnnc_store_integer(output, row * p->extent_5 + i, kind, function(one, other));
        }
    }
}

#endif

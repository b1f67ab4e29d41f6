/* SPDX-License-Identifier: MIT-0 */
/* Functions of two int8 tensors that broadcast together, sixteen elements at a time where there are
 * vectors; output may be an operand of its size. */
#ifndef CNNC_BINARY_16_H
#define CNNC_BINARY_16_H

#include "cnnc_broadcast.h"
#include "cnnc_bytes_16.h"

/* How the operands lie. A row is the innermost axis. */
struct cnnc_binary_rows {
    int32_t rows;
    int32_t size;        /* of a row */
    int32_t first_step;  /* 0 if one element serves for a row, else 1 */
    int32_t second_step; /* likewise */
    struct cnnc_broadcast_extents extents;
    struct cnnc_broadcast_strides first_strides;
    struct cnnc_broadcast_strides second_strides;
};

/* The fields of a kernel's parameters from extent_0 to second_stride_5. */
#define CNNC_BINARY_ROWS(p)                                                                       \
    {                                                                                             \
        (p)->extent_0 *(p)->extent_1 *(p)->extent_2 *(p)->extent_3 *(p)->extent_4, (p)->extent_5, \
            (p)->first_stride_5, (p)->second_stride_5,                                            \
            {(p)->extent_1, (p)->extent_2, (p)->extent_3, (p)->extent_4},                         \
            {(p)->first_stride_0, (p)->first_stride_1, (p)->first_stride_2, (p)->first_stride_3,  \
             (p)->first_stride_4},                                                                \
        {                                                                                         \
            (p)->second_stride_0, (p)->second_stride_1, (p)->second_stride_2,                     \
                (p)->second_stride_3, (p)->second_stride_4                                        \
        }                                                                                         \
    }

/* The function, of an element and of sixteen, the latter NULL where there are no vectors for it;
 * `of` is a kernel's parameters. */
typedef int8_t cnnc_binary_element(const void *of, int8_t first, int8_t second);
typedef cnnc_bytes_16 cnnc_binary_block(const void *of, cnnc_bytes_16 first, cnnc_bytes_16 second);

CNNC_KERNEL void cnnc_binary_elements(const struct cnnc_binary_rows *rows, const void *of,
                                      const int8_t *first, const int8_t *second, int8_t *output,
                                      cnnc_binary_element *element) {
    for (int32_t i = 0; i < rows->size; ++i) {
        output[i] = element(of, first[rows->first_step * i], second[rows->second_step * i]);
    }
}

#if CNNC_HAS_BYTES_16

/* Sixteen elements of an operand, or one sixteen times. */
CNNC_KERNEL cnnc_bytes_16 cnnc_binary_load(const int8_t *operand, int32_t step, int32_t i) {
    return step == 0 ? cnnc_splat_16(*operand) : cnnc_load_16(operand + i);
}

/* The last elements, which may overlap others, are loaded before the output may take their place.
 */
CNNC_KERNEL void cnnc_binary_row(const struct cnnc_binary_rows *rows, const void *of,
                                 const int8_t *first, const int8_t *second, int8_t *output,
                                 cnnc_binary_block *block) {
    const int32_t last = rows->size - 16;
    const cnnc_bytes_16 last_first = cnnc_binary_load(first, rows->first_step, last);
    const cnnc_bytes_16 last_second = cnnc_binary_load(second, rows->second_step, last);
    int32_t i = 0;
    for (; i + 32 <= rows->size; i += 32) {
        const cnnc_bytes_16 first_0 = cnnc_binary_load(first, rows->first_step, i);
        const cnnc_bytes_16 first_1 = cnnc_binary_load(first, rows->first_step, i + 16);
        const cnnc_bytes_16 second_0 = cnnc_binary_load(second, rows->second_step, i);
        const cnnc_bytes_16 second_1 = cnnc_binary_load(second, rows->second_step, i + 16);
        cnnc_store_16(output + i, block(of, first_0, second_0));
        cnnc_store_16(output + i + 16, block(of, first_1, second_1));
    }
    if (rows->size % 32 >= 16) {
        const cnnc_bytes_16 first_0 = cnnc_binary_load(first, rows->first_step, i);
        const cnnc_bytes_16 second_0 = cnnc_binary_load(second, rows->second_step, i);
        cnnc_store_16(output + i, block(of, first_0, second_0));
    }
    if (rows->size % 16 > 0) {
        cnnc_store_16(output + last, block(of, last_first, last_second));
    }
}

/* The same for 8 to 15 elements. */
CNNC_KERNEL void cnnc_binary_short_row(const struct cnnc_binary_rows *rows, const void *of,
                                       const int8_t *first, const int8_t *second, int8_t *output,
                                       cnnc_binary_block *block) {
    const int32_t last = rows->size - 8;
    const cnnc_bytes_16 one = rows->first_step == 0 ? cnnc_splat_16(*first) : cnnc_load_8(first);
    const cnnc_bytes_16 two = rows->second_step == 0 ? cnnc_splat_16(*second) : cnnc_load_8(second);
    if (last > 0) {
        const cnnc_bytes_16 last_one = rows->first_step == 0 ? one : cnnc_load_8(first + last);
        const cnnc_bytes_16 last_two = rows->second_step == 0 ? two : cnnc_load_8(second + last);
        cnnc_store_8(output, block(of, one, two));
        cnnc_store_8(output + last, block(of, last_one, last_two));
    } else {
        cnnc_store_8(output, block(of, one, two));
    }
}

#endif

CNNC_KERNEL void cnnc_binary_16(const struct cnnc_binary_rows *rows, const void *of,
                                const int8_t *first, const int8_t *second, int8_t *output,
                                cnnc_binary_element *element, cnnc_binary_block *block) {
#if !CNNC_HAS_BYTES_16
    (void)block;
#endif
    for (int32_t row = 0; row < rows->rows; ++row) {
        const int8_t *one =
            first + cnnc_broadcast_offset(row, &rows->extents, &rows->first_strides);
        const int8_t *two =
            second + cnnc_broadcast_offset(row, &rows->extents, &rows->second_strides);
#if CNNC_HAS_BYTES_16
        if (block != NULL && rows->size >= 16) {
            cnnc_binary_row(rows, of, one, two, output, block);
        } else if (block != NULL && rows->size >= 8) {
            cnnc_binary_short_row(rows, of, one, two, output, block);
        } else {
            cnnc_binary_elements(rows, of, one, two, output, element);
        }
#else
        cnnc_binary_elements(rows, of, one, two, output, element);
#endif
        output += rows->size;
    }
}

#endif

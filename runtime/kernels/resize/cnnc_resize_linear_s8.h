/* SPDX-License-Identifier: MIT-0 */
/* Give up to three axes another number of elements, by linear interpolation in 1/1024. */
#ifndef CNNC_RESIZE_LINEAR_S8_H
#define CNNC_RESIZE_LINEAR_S8_H

#include "cnnc_common.h"

struct cnnc_resize_linear_s8_parameters {
    int32_t outer;          /* elements of the axes before the resized ones */
    int32_t input_extent_0; /* resized axes of the input, outermost first */
    int32_t input_extent_1;
    int32_t input_extent_2;
    int32_t output_extent_0;
    int32_t output_extent_1;
    int32_t output_extent_2;
    int32_t inner; /* elements of the axes behind them */
};

/* Where an element of the output lies between two of the input along one axis. */
struct cnnc_resize_step {
    int32_t low;    /* offset of the lower one, in elements of the input */
    int32_t high;   /* offset of the upper one */
    int32_t weight; /* of the upper one, in 1/1024; may be negative or above 1 where both are one */
};

/* entry: lower and upper neighbour, weight. */
CNNC_KERNEL struct cnnc_resize_step cnnc_resize_step_at(const int16_t *entry, int32_t stride) {
    struct cnnc_resize_step step;
    step.low = entry[0] * stride;
    step.high = entry[1] * stride;
    step.weight = entry[2];
    return step;
}

/* 1024 times the value between two. */
CNNC_KERNEL int32_t cnnc_resize_between(int32_t low, int32_t high, int32_t weight) {
    return low * (1024 - weight) + high * weight;
}

/* 2^20 times the value between four elements; at most 2^29. */
CNNC_KERNEL int32_t cnnc_resize_in_square(const int8_t *at, struct cnnc_resize_step row,
                                          struct cnnc_resize_step col) {
    const int32_t above =
        cnnc_resize_between(at[row.low + col.low], at[row.low + col.high], col.weight);
    const int32_t below =
        cnnc_resize_between(at[row.high + col.low], at[row.high + col.high], col.weight);
    return cnnc_resize_between(above, below, row.weight);
}

/* The element between eight, rounded to nearest, ties away from zero. */
CNNC_KERNEL int8_t cnnc_resize_in_cube(const int8_t *at, struct cnnc_resize_step plane,
                                       struct cnnc_resize_step row, struct cnnc_resize_step col) {
    const int64_t near = cnnc_resize_in_square(at + plane.low, row, col);
    const int64_t far = cnnc_resize_in_square(at + plane.high, row, col);
    const int64_t sum = near * (1024 - plane.weight) + far * plane.weight;
    const int64_t half = INT64_C(1) << 29;
    return (int8_t)((sum + (sum > 0 ? half : -half)) / (INT64_C(1) << 30));
}

/* The elements behind the resized axes; one plane needs no more than 32 bits. */
CNNC_KERNEL void cnnc_resize_linear_pixel(const struct cnnc_resize_linear_s8_parameters *p,
                                          const int8_t *CNNC_RESTRICT input,
                                          struct cnnc_resize_step plane,
                                          struct cnnc_resize_step row, struct cnnc_resize_step col,
                                          int8_t *CNNC_RESTRICT output) {
    const int32_t half = 1 << 19;
    for (int32_t i = 0; i < p->inner; i++) {
        if (p->output_extent_0 == 1 && p->input_extent_0 == 1) {
            const int32_t sum = cnnc_resize_in_square(input + i, row, col);
            output[i] = (int8_t)((sum + (sum > 0 ? half : -half)) / (1 << 20));
        } else {
            output[i] = cnnc_resize_in_cube(input + i, plane, row, col);
        }
    }
}

/* steps_k: for each element of the output along axis k, its neighbours and weight. */
CNNC_KERNEL void cnnc_resize_linear_s8(const struct cnnc_resize_linear_s8_parameters *p,
                                       const int8_t *CNNC_RESTRICT input,
                                       const int16_t *CNNC_RESTRICT steps_0,
                                       const int16_t *CNNC_RESTRICT steps_1,
                                       const int16_t *CNNC_RESTRICT steps_2,
                                       int8_t *CNNC_RESTRICT output) {
    const int32_t row_stride = p->input_extent_2 * p->inner;
    const int32_t plane_stride = p->input_extent_1 * row_stride;
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t i = 0; i < p->output_extent_0; i++) {
            const struct cnnc_resize_step plane =
                cnnc_resize_step_at(steps_0 + 3 * i, plane_stride);
            for (int32_t j = 0; j < p->output_extent_1; j++) {
                const struct cnnc_resize_step row =
                    cnnc_resize_step_at(steps_1 + 3 * j, row_stride);
                for (int32_t k = 0; k < p->output_extent_2; k++) {
                    const struct cnnc_resize_step col =
                        cnnc_resize_step_at(steps_2 + 3 * k, p->inner);
                    cnnc_resize_linear_pixel(p, input, plane, row, col, output);
                    output += p->inner;
                }
            }
        }
        input += p->input_extent_0 * plane_stride;
    }
}

#endif

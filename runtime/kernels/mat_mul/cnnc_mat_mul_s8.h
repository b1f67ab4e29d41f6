/* SPDX-License-Identifier: MIT-0 */
/* Matrix products of two tensors; leading axes along which an operand repeats have stride 0. */
#ifndef CNNC_MAT_MUL_S8_H
#define CNNC_MAT_MUL_S8_H

#include "cnnc_fixed_point.h"

/* Steps and strides are in elements. */
struct cnnc_mat_mul_s8_parameters {
    int32_t batch_0;
    int32_t batch_1;
    int32_t batch_2;
    int32_t first_stride_0;
    int32_t first_stride_1;
    int32_t first_stride_2;
    int32_t second_stride_0;
    int32_t second_stride_1;
    int32_t second_stride_2;
    int32_t rows;
    int32_t depth;
    int32_t cols;
    int32_t first_row_step;
    int32_t first_depth_step;
    int32_t second_depth_step;
    int32_t second_col_step;
    int32_t first_zero_point;
    int32_t second_zero_point;
    int32_t output_zero_point;
    int32_t multiplier; /* first scale * second scale / output scale */
    int32_t shift;
};

/* One row of the first operand times one column of the second. */
CNNC_KERNEL int8_t cnnc_mat_mul_s8_element(const struct cnnc_mat_mul_s8_parameters *p,
                                           const int8_t *first, const int8_t *second) {
    int32_t sum = 0;
    for (int32_t k = 0; k < p->depth; k++) {
        sum += (first[k * p->first_depth_step] - p->first_zero_point) *
               (second[k * p->second_depth_step] - p->second_zero_point);
    }
    return cnnc_requantize_s8(sum, p->multiplier, p->shift, p->output_zero_point, -128, 127);
}

/* One product; returns the end of what was written. */
CNNC_KERNEL int8_t *cnnc_mat_mul_s8_matrix(const struct cnnc_mat_mul_s8_parameters *p,
                                           const int8_t *first, const int8_t *second,
                                           int8_t *CNNC_RESTRICT output) {
    for (int32_t m = 0; m < p->rows; m++) {
        for (int32_t n = 0; n < p->cols; n++) {
            *output++ = cnnc_mat_mul_s8_element(p, first + m * p->first_row_step,
                                                second + n * p->second_col_step);
        }
    }
    return output;
}

/* output: [batch_0][batch_1][batch_2][rows][cols]. */
CNNC_KERNEL void cnnc_mat_mul_s8(const struct cnnc_mat_mul_s8_parameters *p,
                                 const int8_t *CNNC_RESTRICT first,
                                 const int8_t *CNNC_RESTRICT second, int8_t *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->batch_0; i++) {
        for (int32_t j = 0; j < p->batch_1; j++) {
            const int8_t *one = first + i * p->first_stride_0 + j * p->first_stride_1;
            const int8_t *other = second + i * p->second_stride_0 + j * p->second_stride_1;
            for (int32_t k = 0; k < p->batch_2; k++) {
                output = cnnc_mat_mul_s8_matrix(p, one + k * p->first_stride_2,
                                                other + k * p->second_stride_2, output);
            }
        }
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Matrix products of two tensors; leading axes along which an operand repeats have stride 0. */
#ifndef CNNC_MAT_MUL_F32_H
#define CNNC_MAT_MUL_F32_H

#include "cnnc_common.h"

/* Steps and strides are in elements. */
struct cnnc_mat_mul_f32_parameters {
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
};

/* One row of the first operand times one column of the second. */
CNNC_KERNEL float cnnc_mat_mul_f32_element(const struct cnnc_mat_mul_f32_parameters *p,
                                           const float *first, const float *second) {
    float sum = 0.0f;
    for (int32_t k = 0; k < p->depth; k++) {
        sum += first[k * p->first_depth_step] * second[k * p->second_depth_step];
    }
    return sum;
}

/* One product; returns the end of what was written. */
CNNC_KERNEL float *cnnc_mat_mul_f32_matrix(const struct cnnc_mat_mul_f32_parameters *p,
                                           const float *first, const float *second,
                                           float *CNNC_RESTRICT output) {
    for (int32_t m = 0; m < p->rows; m++) {
        for (int32_t n = 0; n < p->cols; n++) {
            *output++ = cnnc_mat_mul_f32_element(p, first + m * p->first_row_step,
                                                 second + n * p->second_col_step);
        }
    }
    return output;
}

/* output: [batch_0][batch_1][batch_2][rows][cols]. */
CNNC_KERNEL void cnnc_mat_mul_f32(const struct cnnc_mat_mul_f32_parameters *p,
                                  const float *CNNC_RESTRICT first,
                                  const float *CNNC_RESTRICT second, float *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->batch_0; i++) {
        for (int32_t j = 0; j < p->batch_1; j++) {
            const float *one = first + i * p->first_stride_0 + j * p->first_stride_1;
            const float *other = second + i * p->second_stride_0 + j * p->second_stride_1;
            for (int32_t k = 0; k < p->batch_2; k++) {
                output = cnnc_mat_mul_f32_matrix(p, one + k * p->first_stride_2,
                                                 other + k * p->second_stride_2, output);
            }
        }
    }
}

#endif

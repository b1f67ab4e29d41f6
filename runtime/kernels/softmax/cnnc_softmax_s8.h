/* SPDX-License-Identifier: MIT-0 */
/* Softmax over contiguous rows in fixed point; the output format is always (1/256, -128). */
#ifndef CNNC_SOFTMAX_S8_H
#define CNNC_SOFTMAX_S8_H

#include "cnnc_fixed_point_functions.h"

struct cnnc_softmax_s8_parameters {
    int32_t rows;
    int32_t depth;            /* elements of a row, at most 4095 so that their sum fits Q12.19 */
    int32_t multiplier;       /* input scale in Q5.26, mantissa */
    int32_t left_shift;       /* and exponent, >= 0 */
    int32_t difference_floor; /* below the maximum by more than this counts as zero; < 0 */
};

/* exp(scale * difference) in Q0.31; difference in difference_floor..0. */
CNNC_KERNEL int32_t cnnc_softmax_exp(const struct cnnc_softmax_s8_parameters *p,
                                     int32_t difference) {
    const int32_t shifted = (int32_t)((uint32_t)difference << p->left_shift);
    return cnnc_exp_of_negative_q5(cnnc_doubling_high_multiply(shifted, p->multiplier));
}

/* Number of zero bits above the highest one; 1 <= x < 2^31. */
CNNC_KERNEL int32_t cnnc_softmax_headroom(int32_t x) {
    int32_t bits = 1;
    while (x < (1 << 30)) {
        x *= 2;
        bits++;
    }
    return bits;
}

CNNC_KERNEL int32_t cnnc_softmax_maximum(const struct cnnc_softmax_s8_parameters *p,
                                         const int8_t *row) {
    int32_t maximum = row[0];
    for (int32_t i = 1; i < p->depth; i++) {
        maximum = row[i] > maximum ? row[i] : maximum;
    }
    return maximum;
}

/* Sum of the row's exponentials in Q12.19. */
CNNC_KERNEL int32_t cnnc_softmax_sum(const struct cnnc_softmax_s8_parameters *p, const int8_t *row,
                                     int32_t maximum) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = row[i] - maximum;
        if (difference >= p->difference_floor) {
            sum += cnnc_rounding_shift_right(cnnc_softmax_exp(p, difference), 12);
        }
    }
    return sum;
}

CNNC_KERNEL void cnnc_softmax_row(const struct cnnc_softmax_s8_parameters *p, const int8_t *row,
                                  int8_t *output) {
    const int32_t maximum = cnnc_softmax_maximum(p, row);
    const int32_t sum = cnnc_softmax_sum(p, row, maximum);
    const int32_t headroom = cnnc_softmax_headroom(sum);
    const int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - (UINT32_C(1) << 31));
    const int32_t reciprocal = cnnc_reciprocal_of_one_plus(fraction);
    const int32_t right_shift = 12 - headroom + 31 - 8;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = row[i] - maximum;
        int32_t probability = 0;
        if (difference >= p->difference_floor) {
            const int32_t product =
                cnnc_doubling_high_multiply(reciprocal, cnnc_softmax_exp(p, difference));
            probability = cnnc_rounding_shift_right(product, right_shift);
        }
        output[i] = cnnc_clamp_s8(probability - 128, -128, 127);
    }
}

/* input, output: [rows][depth]; they may be the same memory. */
CNNC_KERNEL void cnnc_softmax_s8(const struct cnnc_softmax_s8_parameters *p, const int8_t *input,
                                 int8_t *output) {
    for (int32_t row = 0; row < p->rows; row++) {
        const ptrdiff_t offset = (ptrdiff_t)row * p->depth;
        cnnc_softmax_row(p, input + offset, output + offset);
    }
}

#endif

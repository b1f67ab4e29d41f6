/* SPDX-License-Identifier: MIT-0 */
/* Divide contiguous rows by their lengths in fixed point; the output format is always (1/128, 0).
 */
#ifndef CNNC_L2_NORMALIZATION_S8_H
#define CNNC_L2_NORMALIZATION_S8_H

#include "cnnc_fixed_point_functions.h"

struct cnnc_l2_normalization_s8_parameters {
    int32_t rows;
    int32_t depth; /* elements of a row, at most 33025 so that the sum of their squares fits */
    int32_t input_zero_point;
};

/* 1 / sqrt(x) = result * 2^(shift - 31) for x >= 2, by five steps of Newton's method. */
CNNC_KERNEL int32_t cnnc_inverse_square_root(int32_t x, int32_t *shift) {
    int32_t exponent = 11;
    for (; x >= 1 << 29; x /= 4) {
        exponent++;
    }
    for (; x < 1 << 27; x *= 4) {
        exponent--;
    }
    const int32_t half = cnnc_rounding_shift_right(x >> 1, 1);
    int32_t root = 1 << 28; /* Q3.28 */
    for (int32_t i = 0; i < 5; i++) {
        const int32_t square = cnnc_doubling_high_multiply(root, root);
        const int32_t cube =
            cnnc_saturating_shift_left(cnnc_doubling_high_multiply(square, root), 6);
        const int32_t more = cnnc_doubling_high_multiply(root, (1 << 28) + (1 << 27));
        root = cnnc_saturating_shift_left(more - cnnc_doubling_high_multiply(half, cube), 3);
    }
    root = cnnc_doubling_high_multiply(root, 1518500250); /* sqrt(2) / 2 */
    *shift = exponent > 0 ? -exponent : 0;
    return exponent < 0 ? root * ((int32_t)1 << -exponent) : root;
}

CNNC_KERNEL void cnnc_l2_normalization_row(const struct cnnc_l2_normalization_s8_parameters *p,
                                           const int8_t *row, int8_t *output) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t distance = row[i] - p->input_zero_point;
        sum += distance * distance;
    }
    int32_t multiplier = INT32_MAX;
    int32_t shift = 0;
    if (sum > 1) {
        multiplier = cnnc_inverse_square_root(sum, &shift);
    }
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t distance = row[i] - p->input_zero_point;
        output[i] = cnnc_requantize_s8(distance, multiplier, shift + 7, 0, -128, 127);
    }
}

/* output may be input. */
CNNC_KERNEL void cnnc_l2_normalization_s8(const struct cnnc_l2_normalization_s8_parameters *p,
                                          const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < p->rows; row++) {
        cnnc_l2_normalization_row(p, input + row * p->depth, output + row * p->depth);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* TFLite's int8 arithmetic: how a 32-bit accumulator becomes an 8-bit activation.
 * A right shift of a negative number is arithmetic here, as on every compiler for these targets. */
#ifndef CNNC_FIXED_POINT_H
#define CNNC_FIXED_POINT_H

#include "cnnc_common.h"

/* round(a * b / 2^31), ties toward +infinity, saturated. */
CNNC_KERNEL int32_t cnnc_doubling_high_multiply(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + (int64_t)1073741824) >> 31);
}

/* x / 2^exponent, ties away from zero; exponent 0..31. */
CNNC_KERNEL int32_t cnnc_rounding_shift_right(int32_t x, int32_t exponent) {
    if (exponent == 0) {
        return x;
    }
    /* 64 bits: x + 2^(exponent - 1) may pass int32. */
    const int64_t nudge = (int64_t)1 << (exponent - 1);
    return (int32_t)(((int64_t)x + (x < 0 ? -1 : 0) + nudge) >> exponent);
}

/* x * multiplier * 2^(shift - 31); multiplier 0 or 2^30..2^31-1, shift -31..30. */
CNNC_KERNEL int32_t cnnc_rescale(int32_t x, int32_t multiplier, int32_t shift) {
#ifdef CNNC_SINGLE_ROUNDING
    const int32_t total = 31 - shift;
    const int64_t nudge = (int64_t)1 << (total - 1);
    return (int32_t)(((int64_t)x * multiplier + nudge) >> total);
#else
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    /* Without the saturation of cnnc_doubling_high_multiply, which only INT32_MIN squared needs. */
    const int64_t product = (int64_t)shifted * multiplier;
    return cnnc_rounding_shift_right((int32_t)((product + (1 << 30)) >> 31), right);
#endif
}

CNNC_KERNEL int8_t cnnc_clamp_s8(int32_t x, int32_t minimum, int32_t maximum) {
    const int32_t raised = x < minimum ? minimum : x;
    return (int8_t)(raised > maximum ? maximum : raised);
}

/* clamp(rescale(accumulator) + zero_point). */
CNNC_KERNEL int8_t cnnc_requantize_s8(int32_t accumulator, int32_t multiplier, int32_t shift,
                                      int32_t zero_point, int32_t minimum, int32_t maximum) {
    const int32_t scaled = cnnc_rescale(accumulator, multiplier, shift);
    /* Clamped before the zero point is added: the sum may pass int32. */
    const int32_t raised = scaled < minimum - zero_point ? minimum - zero_point : scaled;
    const int32_t clamped = raised > maximum - zero_point ? maximum - zero_point : raised;
    return (int8_t)(clamped + zero_point);
}

#endif

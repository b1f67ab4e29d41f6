/* SPDX-License-Identifier: MIT-0 */
/* Exponential and reciprocal in fixed point. Qi.f has i integer and f fraction bits, i + f = 31. */
#ifndef CNNC_FIXED_POINT_FUNCTIONS_H
#define CNNC_FIXED_POINT_FUNCTIONS_H

#include "cnnc_fixed_point.h"

/* exp(a) in Q0.31 for a in Q0.31 within [-1/4, 0): Taylor polynomial around -1/8. */
CNNC_KERNEL int32_t cnnc_exp_within_quarter(int32_t a) {
    const int32_t exp_of_minus_eighth = 1895147668;
    const int32_t one_third = 715827883;
    const int32_t x = a + (1 << 28);
    const int32_t x2 = cnnc_doubling_high_multiply(x, x);
    const int32_t x3 = cnnc_doubling_high_multiply(x2, x);
    const int32_t x4 = cnnc_doubling_high_multiply(x2, x2);
    const int32_t cubic =
        cnnc_doubling_high_multiply(cnnc_rounding_shift_right(x4, 2) + x3, one_third);
    const int32_t tail = cnnc_rounding_shift_right(cubic + x2, 1);
    return exp_of_minus_eighth + cnnc_doubling_high_multiply(exp_of_minus_eighth, x + tail);
}

/* result * factor where the bit of the remainder is set. */
CNNC_KERNEL int32_t cnnc_exp_factor(int32_t result, int32_t remainder, int32_t bit,
                                    int32_t factor) {
    return ((remainder >> bit) & 1) != 0 ? cnnc_doubling_high_multiply(result, factor) : result;
}

/* exp(a) in Q0.31 for a <= 0 in Q5.26; shared, because it is long. */
CNNC_SHARED_KERNEL int32_t cnnc_exp_of_negative_q5(int32_t a) {
    /* exp(-2^k) in Q0.31 for k = -2 .. 4, one for each bit of the argument above 1/4. */
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308,
                                       39332535,   720401,     242};
    const int32_t quarter = 1 << 24;
    const int32_t within = (a & (quarter - 1)) - quarter;
    const int32_t remainder = within - a;
    int32_t result;
    if (a == 0) {
        return INT32_MAX;
    }
    result = cnnc_exp_within_quarter(within * 32);
    for (int32_t i = 0; i < 7; i++) {
        result = cnnc_exp_factor(result, remainder, 24 + i, factors[i]);
    }
    return result;
}

/* x * 2^bits, saturated; bits 1..30. */
CNNC_KERNEL int32_t cnnc_saturating_shift_left(int32_t x, int32_t bits) {
    const int32_t limit = (int32_t)((INT64_C(1) << (31 - bits)) - 1);
    if (x > limit) {
        return INT32_MAX;
    }
    return x < -limit ? INT32_MIN : x * ((int32_t)1 << bits);
}

/* 1 / (1 + a) in Q0.31 for a in Q0.31 within [0, 1): three Newton steps. */
CNNC_KERNEL int32_t cnnc_reciprocal_of_one_plus(int32_t a) {
    const int32_t half_denominator = (int32_t)(((int64_t)a + (INT64_C(1) << 31)) >> 1);
    /* First guess 48/17 - 32/17 d, in Q2.29. */
    int32_t x = 1515870810 + cnnc_doubling_high_multiply(half_denominator, -1010580540);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - cnnc_doubling_high_multiply(half_denominator, x);
        x += cnnc_saturating_shift_left(cnnc_doubling_high_multiply(x, error), 2);
    }
    return cnnc_saturating_shift_left(x, 1);
}

#endif

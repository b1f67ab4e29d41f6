/* SPDX-License-Identifier: MIT-0 */
/* Powers in float32, as cnnc_float_math.h; the logarithm is a sum of two floats. */
#ifndef CNNC_FLOAT_POW_H
#define CNNC_FLOAT_POW_H

#include "cnnc_float_math.h"

/* A number as the sum of two, the second small beside the first. */
struct cnnc_float_pair {
    float high;
    float low;
};

/* The 12 highest bits of a number; it and the rest have products without rounding. */
CNNC_KERNEL float cnnc_float_upper_half(float x) {
    return cnnc_float_from_bits(cnnc_float_bits(x) & ~0xfff);
}

/* a * b exactly, unless it overflows or its last bits are below the least number. */
CNNC_KERNEL struct cnnc_float_pair cnnc_float_product(float a, float b) {
    const float a_high = cnnc_float_upper_half(a);
    const float b_high = cnnc_float_upper_half(b);
    const float a_low = a - a_high;
    const float b_low = b - b_high;
    struct cnnc_float_pair product;
    product.high = a * b;
    product.low =
        ((a_high * b_high - product.high) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return product;
}

/* log(x) to about 30 bits, for a positive finite x. */
CNNC_KERNEL struct cnnc_float_pair cnnc_float_log_pair(float x) {
    const struct cnnc_float_parts parts = cnnc_float_split(x);
    const float k = (float)parts.exponent;
    const float f = parts.m - 1.0f;
    const float sum = parts.m + 1.0f;
    const float sum_low = parts.m - (sum - 1.0f);
    const float s = f / sum;
    const struct cnnc_float_pair back = cnnc_float_product(s, sum);
    const float s_low = ((f - back.high) - back.low - s * sum_low) / sum;
    const float tail = 2.0f * s_low + s * cnnc_float_log_tail(s * s);
    const float whole = k * CNNC_LN2_HIGH;
    const float high = whole + 2.0f * s;
    const float low = (2.0f * s - (high - whole)) + (k * CNNC_LN2_LOW + tail);
    struct cnnc_float_pair result;
    result.high = high + low;
    result.low = low - (result.high - high);
    return result;
}

/* size^y for a positive finite size. */
CNNC_KERNEL float cnnc_float_pow_positive(float size, float y) {
    const struct cnnc_float_pair logarithm = cnnc_float_log_pair(size);
    /* Beyond 2^40 every base but 1 gives 0 or infinity. */
    const float raised = y > -1.09951163e+12f ? y : -1.09951163e+12f;
    const float bounded = raised < 1.09951163e+12f ? raised : 1.09951163e+12f;
    const struct cnnc_float_pair product = cnnc_float_product(bounded, logarithm.high);
    return cnnc_float_exp_of_sum(product.high, product.low + bounded * logarithm.low);
}

/* 2 for an even number, 1 for an odd one, 0 for one that is not whole. */
CNNC_KERNEL int32_t cnnc_float_parity(float y) {
    const float size = cnnc_float_abs(y);
    int32_t whole;
    if (!(size < 16777216.0f)) {
        return 2;
    }
    whole = (int32_t)size;
    if ((float)whole < size) {
        return 0;
    }
    return 2 - (whole & 1);
}

/* x^y with the special cases of C99's powf. */
CNNC_KERNEL float cnnc_float_pow(float x, float y) {
    const float size = cnnc_float_abs(x);
    const int32_t parity = cnnc_float_parity(y);
    const int32_t is_negative = parity == 1 && cnnc_float_bits(x) < 0;
    float power;
    if (x == 1.0f || y == 0.0f) {
        return 1.0f;
    }
    if (cnnc_float_is_nan(x) || cnnc_float_is_nan(y)) {
        return cnnc_float_nan();
    }
    if (size == 0.0f || size > 3.40282347e+38f) {
        power = (size == 0.0f) == (y < 0.0f) ? CNNC_INFINITY : 0.0f;
    } else if (x < 0.0f && parity == 0) {
        return cnnc_float_nan();
    } else {
        power = cnnc_float_pow_positive(size, y);
    }
    return is_negative ? -power : power;
}

#endif

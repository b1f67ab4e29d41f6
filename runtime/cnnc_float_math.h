/* SPDX-License-Identifier: MIT-0 */
/* Elementary functions in float32 without the C library: the same bits on every machine.
 *
 * Only + - * / in float32, each rounded to nearest and never contracted to a fused multiply-add
 * (compile with -ffp-contract=off), and integer operations. compiler/cnnc/quantize/float_math.py
 * has the same operations in the same order; bench/float_polynomials.py derives the polynomials.
 * Errors against the exact value are below 2 units in the last place. A result that is no number is
 * always the NaN 0x7fc00000. */
#ifndef CNNC_FLOAT_MATH_H
#define CNNC_FLOAT_MATH_H

#include "cnnc_common.h"

#define CNNC_LOG2_E 1.44269502f
/* log(2) as a number of 16 bits, whose products with exponents are exact, and the rest. */
#define CNNC_LN2_HIGH 0.693145752f
#define CNNC_LN2_LOW 1.42860677e-06f

CNNC_KERNEL int32_t cnnc_float_bits(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

CNNC_KERNEL float cnnc_float_from_bits(int32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

CNNC_KERNEL float cnnc_float_nan(void) { return cnnc_float_from_bits(0x7fc00000); }

CNNC_KERNEL int32_t cnnc_float_is_nan(float x) {
    return (cnnc_float_bits(x) & 0x7fffffff) > 0x7f800000;
}

/* |x| */
CNNC_KERNEL float cnnc_float_abs(float x) {
    return cnnc_float_from_bits(cnnc_float_bits(x) & 0x7fffffff);
}

/* |magnitude| with the sign of sign. */
CNNC_KERNEL float cnnc_float_copy_sign(float magnitude, float sign) {
    const int32_t is_negative = cnnc_float_bits(sign) < 0;
    const float positive = cnnc_float_abs(magnitude);
    return is_negative ? -positive : positive;
}

/* x within low .. high, either of which may be infinite; NaN stays. */
CNNC_KERNEL float cnnc_float_clamp(float x, float low, float high) {
    const float raised = low > -CNNC_INFINITY && x <= low ? low : x;
    return high < CNNC_INFINITY && raised >= high ? high : raised;
}

/* x to the nearest integer, ties away from zero; |x| < 2^30. */
CNNC_KERNEL int32_t cnnc_float_nearest(float x) { return (int32_t)(x + (x < 0.0f ? -0.5f : 0.5f)); }

/* y * 2^n for n of -252..254, in two steps of which only the second may round. */
CNNC_KERNEL float cnnc_float_scale(float y, int32_t n) {
    const int32_t half = n / 2;
    const float first = cnnc_float_from_bits((half + 127) * 8388608);
    const float second = cnnc_float_from_bits((n - half + 127) * 8388608);
    return y * first * second;
}

/* exp(r) - 1 for |r| <= log(2) / 2. */
CNNC_KERNEL float cnnc_float_expm1_near_zero(float r) {
    float p = 1.39418710e-03f;
    p = p * r + 8.36867746e-03f;
    p = p * r + 4.16663885e-02f;
    p = p * r + 1.66665211e-01f;
    p = p * r + 5.00000000e-01f;
    return r + r * r * p;
}

/* exp(x + rest) for a rest that is small beside x. */
CNNC_KERNEL float cnnc_float_exp_of_sum(float x, float rest) {
    int32_t n;
    float r;
    if (cnnc_float_is_nan(x)) {
        return cnnc_float_nan();
    }
    if (x > 89.0f) {
        return CNNC_INFINITY;
    }
    if (x < -104.0f) {
        return 0.0f;
    }
    n = cnnc_float_nearest(x * CNNC_LOG2_E);
    r = (x - (float)n * CNNC_LN2_HIGH) - (float)n * CNNC_LN2_LOW + rest;
    return cnnc_float_scale(1.0f + cnnc_float_expm1_near_zero(r), n);
}

CNNC_KERNEL float cnnc_float_exp(float x) { return cnnc_float_exp_of_sum(x, 0.0f); }

/* exp(x) - 1 */
CNNC_KERNEL float cnnc_float_expm1(float x) {
    int32_t n;
    float r;
    float power;
    if (x > 17.5f || cnnc_float_is_nan(x)) {
        return cnnc_float_exp(x);
    }
    if (x < -17.5f) {
        return -1.0f;
    }
    n = cnnc_float_nearest(x * CNNC_LOG2_E);
    r = (x - (float)n * CNNC_LN2_HIGH) - (float)n * CNNC_LN2_LOW;
    power = cnnc_float_from_bits((n + 127) * 8388608);
    if (n == 0) {
        return cnnc_float_expm1_near_zero(r);
    }
    return power * cnnc_float_expm1_near_zero(r) + (power - 1.0f);
}

/* A positive finite number as m * 2^exponent with m within sqrt(1/2) .. sqrt(2). */
struct cnnc_float_parts {
    float m;
    int32_t exponent;
};

CNNC_KERNEL struct cnnc_float_parts cnnc_float_split(float x) {
    struct cnnc_float_parts parts;
    const int32_t is_subnormal = x < 1.17549435e-38f;
    const int32_t bits = cnnc_float_bits(is_subnormal ? x * 8388608.0f : x);
    /* Mantissas from that of sqrt(1/2) on count for the next exponent. */
    const int32_t moved = bits + (0x3f800000 - 0x3f3504f3);
    parts.exponent = (moved >> 23) - (is_subnormal ? 150 : 127);
    parts.m = cnnc_float_from_bits((moved & 0x007fffff) + 0x3f3504f3);
    return parts;
}

/* (2 atanh(s) - 2 s) / s for z = s^2, so that log(m) = 2 s + s * this, s = (m - 1) / (m + 1). */
CNNC_KERNEL float cnnc_float_log_tail(float z) {
    float p = 2.42801294e-01f;
    p = p * z + 2.84987628e-01f;
    p = p * z + 4.00009722e-01f;
    p = p * z + 6.66666627e-01f;
    return z * p;
}

CNNC_KERNEL float cnnc_float_log(float x) {
    struct cnnc_float_parts parts;
    float f;
    float s;
    float k;
    if (x < 0.0f || cnnc_float_is_nan(x)) {
        return cnnc_float_nan();
    }
    if (x == 0.0f) {
        return -CNNC_INFINITY;
    }
    if (x > 3.40282347e+38f) {
        return CNNC_INFINITY;
    }
    parts = cnnc_float_split(x);
    f = parts.m - 1.0f;
    s = f / (2.0f + f);
    k = (float)parts.exponent;
    return k * CNNC_LN2_HIGH - ((s * (f - cnnc_float_log_tail(s * s)) - k * CNNC_LN2_LOW) - f);
}

/* log(1 + x) for 0 <= x <= 1. */
CNNC_KERNEL float cnnc_float_log1p(float x) {
    const float sum = 1.0f + x;
    const float lost = x - (sum - 1.0f);
    return cnnc_float_log(sum) + lost / sum;
}

/* 1 / (1 + exp(-x)) */
CNNC_KERNEL float cnnc_float_sigmoid(float x) {
    const float e = cnnc_float_exp(-cnnc_float_abs(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

CNNC_KERNEL float cnnc_float_tanh(float x) {
    const float size = cnnc_float_abs(x);
    const float z = x * x;
    float p = -5.71535481e-03f;
    if (!(size < 0.625f)) {
        return cnnc_float_is_nan(x)
                   ? cnnc_float_nan()
                   : cnnc_float_copy_sign(1.0f - 2.0f / (cnnc_float_exp(2.0f * size) + 1.0f), x);
    }
    p = p * z + 2.06490103e-02f;
    p = p * z + -5.37429899e-02f;
    p = p * z + 1.33314848e-01f;
    p = p * z + -3.33332837e-01f;
    return x + x * (z * p);
}

/* erf(x) for |x| < 0.9. */
CNNC_KERNEL float cnnc_float_erf_near_zero(float x) {
    const float z = x * x;
    float p = 7.90774939e-05f;
    p = p * z + -8.03246221e-04f;
    p = p * z + 5.19122602e-03f;
    p = p * z + -2.68554054e-02f;
    p = p * z + 1.12836227e-01f;
    p = p * z + -3.76126289e-01f;
    p = p * z + 1.28379166e-01f;
    return x + x * p;
}

CNNC_KERNEL float cnnc_float_erf(float x) {
    const float size = cnnc_float_abs(x);
    /* From 4 on the result is 1. */
    const float t = size < 4.0f ? size : 4.0f;
    float p = -2.31978697e-06f;
    if (size < 0.9f) {
        return cnnc_float_erf_near_zero(x);
    }
    if (cnnc_float_is_nan(x)) {
        return cnnc_float_nan();
    }
    p = p * t + 3.69534318e-05f;
    p = p * t + -2.34366089e-04f;
    p = p * t + 5.71823446e-04f;
    p = p * t + 1.68083643e-03f;
    p = p * t + -2.11024284e-02f;
    p = p * t + 1.04053661e-01f;
    p = p * t + 6.36145592e-01f;
    p = p * t + 1.12845576e+00f;
    return cnnc_float_copy_sign(1.0f - cnnc_float_exp(-t * p), x);
}

/* The square root, exactly rounded: bit by bit in integers. */
CNNC_KERNEL float cnnc_float_sqrt_by_bits(float x) {
    const int32_t is_subnormal = x < 1.17549435e-38f;
    const int32_t bits = cnnc_float_bits(is_subnormal ? x * 16777216.0f : x);
    int32_t exponent = (bits >> 23) - (is_subnormal ? 151 : 127);
    uint32_t rest = ((uint32_t)bits & 0x007fffffU) | 0x00800000U;
    uint32_t root = 0;
    uint32_t square = 0;
    if (x < 0.0f || cnnc_float_is_nan(x)) {
        return cnnc_float_nan();
    }
    if (x == 0.0f || x > 3.40282347e+38f) {
        return x;
    }
    if ((exponent & 1) != 0) {
        rest *= 2;
        exponent -= 1;
    }
    /* root becomes floor(sqrt(rest * 2^25)): 24 bits of the result and one to round by. */
    rest *= 2;
    for (uint32_t bit = 0x01000000U; bit != 0; bit >>= 1) {
        const uint32_t trial = square + bit;
        if (trial <= rest) {
            square = trial + bit;
            rest -= trial;
            root += bit;
        }
        rest *= 2;
    }
    /* No root lies halfway between two numbers, so that the last bit alone decides. */
    root += root & 1U;
    return cnnc_float_from_bits((int32_t)(root >> 1) + (exponent / 2 + 126) * 8388608);
}

/* Whether a 32-bit Arm core has float32 in hardware. */
#if defined(__ARM_FP) && defined(__ARM_PCS_VFP)
#define CNNC_HAS_VFP ((__ARM_FP & 4) != 0)
#else
#define CNNC_HAS_VFP 0
#endif

/* The square root, by the instruction where there is one; both are exactly rounded. */
CNNC_KERNEL float cnnc_float_sqrt(float x) {
#if defined(__GNUC__) && defined(__aarch64__) && !defined(CNNC_PORTABLE_MATH)
    float root;
    __asm__("fsqrt %s0, %s1" : "=w"(root) : "w"(x));
    return x < 0.0f || cnnc_float_is_nan(x) ? cnnc_float_nan() : root;
#elif defined(__GNUC__) && defined(__SSE__) && !defined(CNNC_PORTABLE_MATH)
    float root;
    __asm__("sqrtss %1, %0" : "=x"(root) : "x"(x));
    return x < 0.0f || cnnc_float_is_nan(x) ? cnnc_float_nan() : root;
#elif defined(__GNUC__) && CNNC_HAS_VFP && !defined(CNNC_PORTABLE_MATH)
    float root;
    __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
    return x < 0.0f || cnnc_float_is_nan(x) ? cnnc_float_nan() : root;
#else
    return cnnc_float_sqrt_by_bits(x);
#endif
}
#endif

/* SPDX-License-Identifier: MIT-0 */
/* How Helium kernels scale accumulators, in plain C.
 *
 * With M = multiplier * 2^(-n - 31) and z = x * multiplier / 2^31, spec 2.3 wants z rounded to an
 * integer R and then R / 2^n rounded, ties away from zero. Both are VQRDMULH: the second by
 * 2^(31 - n) + 1, whose last bit moves ties of negative numbers, and nothing else, as long as
 * |R| <= 2^(31 - n) or the result saturates anyway (proven when the constants are made). */
#ifndef CNNC_MVE_H
#define CNNC_MVE_H

#include "cnnc_fixed_point.h"

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#define CNNC_HAS_MVE 1
#else
#define CNNC_HAS_MVE 0
#endif

/* clamp(x * multiplier / 2^31 * divider / 2^31 + zero_point) to int8. */
CNNC_KERNEL int8_t cnnc_mve_scale_s8(int32_t x, int32_t multiplier, int32_t divider,
                                     int32_t zero_point) {
#ifdef CNNC_SINGLE_ROUNDING
    const int32_t high = (int32_t)(((int64_t)x * multiplier) >> 31);
#else
    const int32_t high = cnnc_doubling_high_multiply(x, multiplier);
#endif
    const int32_t scaled = cnnc_doubling_high_multiply(high, divider);
    const int32_t near = scaled < -32768 ? -32768 : scaled;
    return cnnc_clamp_s8((near > 32767 ? 32767 : near) + zero_point, -128, 127);
}

/* Clamps an output that was only saturated to a fused activation's narrower limits. */
CNNC_KERNEL void cnnc_mve_clamp_s8(int8_t *values, int32_t count, int32_t minimum,
                                   int32_t maximum) {
    if (minimum == -128 && maximum == 127) {
        return;
    }
    for (int32_t i = 0; i < count; ++i) {
        values[i] = cnnc_clamp_s8(values[i], minimum, maximum);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* NEON: which of its instructions a file is compiled for, and how sums become int8 with them. What
 * is here takes the instructions that Armv7-A and AArch64 have in common, unless it says more. */
#ifndef CNNC_NEON_H
#define CNNC_NEON_H

#include "cnnc_fixed_point.h"

/* Kernels hold words of several bytes in vectors: little-endian. */
#if defined(__ARM_NEON) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CNNC_HAS_NEON 1
#include <arm_neon.h>
#else
#define CNNC_HAS_NEON 0
#endif

#if CNNC_HAS_NEON && defined(__aarch64__)
#define CNNC_HAS_NEON64 1
#else
#define CNNC_HAS_NEON64 0
#endif

/* Assembly is written for ELF. */
#if CNNC_HAS_NEON64 && defined(__ARM_FEATURE_DOTPROD) && defined(__ELF__)
#define CNNC_HAS_NEON_DOT 1
#else
#define CNNC_HAS_NEON_DOT 0
#endif

#if CNNC_HAS_NEON

/* What a call knows of its channels' scales when it is compiled; each 0 or 1. */
struct cnnc_scaling_neon {
    /* A shift is positive: sums are multiplied by more than one. */
    int32_t has_left_shift;
    /* A shift is 0 or positive; otherwise all are negative, which saves an instruction. */
    int32_t has_shift_of_zero;
    /* Results below the zero point are seen: otherwise negative sums need no rounding of their own,
     * because all of them end at the lower clamp. */
    int32_t sees_negative;
};

/* What becomes of four scaled sums: cnnc_rescale of each. */
CNNC_KERNEL int32x4_t cnnc_rescale_neon(const struct cnnc_scaling_neon *scaling, int32x4_t sums,
                                        int32x4_t multipliers, int32x4_t shifts) {
#ifdef CNNC_SINGLE_ROUNDING
    const int32x4_t total = vsubq_s32(shifts, vdupq_n_s32(31));
    const int64x2_t low = vmull_s32(vget_low_s32(sums), vget_low_s32(multipliers));
    const int64x2_t high = vmull_s32(vget_high_s32(sums), vget_high_s32(multipliers));
    (void)scaling;
    return vcombine_s32(vmovn_s64(vrshlq_s64(low, vmovl_s32(vget_low_s32(total)))),
                        vmovn_s64(vrshlq_s64(high, vmovl_s32(vget_high_s32(total)))));
#else
    int32x4_t right = shifts;
    int32x4_t scaled;
    if (scaling->has_left_shift) {
        const int32x4_t zero = vdupq_n_s32(0);
        sums = vshlq_s32(sums, vmaxq_s32(shifts, zero));
        right = vminq_s32(shifts, zero);
    }
    scaled = vqrdmulhq_s32(sums, multipliers);
    /* VRSHL rounds ties up, the rule away from zero: one less where a negative number is shifted.
     */
    if (scaling->sees_negative && scaling->has_shift_of_zero) {
        scaled = vsraq_n_s32(scaled, vandq_s32(scaled, right), 31);
    } else if (scaling->sees_negative) {
        scaled = vsraq_n_s32(scaled, scaled, 31);
    }
    return vrshlq_s32(scaled, right);
#endif
}

/* Eight numbers saturated to 16 bits. */
CNNC_KERNEL int16x8_t cnnc_narrow_to_s16_neon(int32x4_t low, int32x4_t high) {
#if CNNC_HAS_NEON64
    return vqmovn_high_s32(vqmovn_s32(low), high);
#else
    return vcombine_s16(vqmovn_s32(low), vqmovn_s32(high));
#endif
}

/* Sixteen numbers saturated to 8 bits. */
CNNC_KERNEL int8x16_t cnnc_narrow_to_s8_neon(int16x8_t low, int16x8_t high) {
#if CNNC_HAS_NEON64
    return vqmovn_high_s16(vqmovn_s16(low), high);
#else
    return vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
#endif
}

/* Clamps that are the type's own cost nothing. */
CNNC_KERNEL int8x16_t cnnc_clamp_16_neon(int8x16_t x, int32_t minimum, int32_t maximum) {
    if (minimum > INT8_MIN) {
        x = vmaxq_s8(x, vdupq_n_s8((int8_t)minimum));
    }
    if (maximum < INT8_MAX) {
        x = vminq_s8(x, vdupq_n_s8((int8_t)maximum));
    }
    return x;
}

CNNC_KERNEL int8x8_t cnnc_clamp_8_neon(int8x8_t x, int32_t minimum, int32_t maximum) {
    if (minimum > INT8_MIN) {
        x = vmax_s8(x, vdup_n_s8((int8_t)minimum));
    }
    if (maximum < INT8_MAX) {
        x = vmin_s8(x, vdup_n_s8((int8_t)maximum));
    }
    return x;
}

#endif

#endif

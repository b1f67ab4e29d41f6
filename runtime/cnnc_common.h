/* SPDX-License-Identifier: MIT-0 */
/* What every kernel and every emitted file needs: inlining, alignment, sections. Assembly includes
 * it for CNNC_SYMBOL and the CNNC_HAS_ of its instructions. */
#ifndef CNNC_COMMON_H
#define CNNC_COMMON_H

#ifndef __ASSEMBLER__
/* Every operation on real numbers is rounded on its own, so that all machines give the same bits.
 * GCC knows no such pragma: it takes -ffp-contract=off. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Kernels are always inlined so that their parameters, constants at the call, specialise them;
 * shared kernels never are, so that all layers use one copy. Layers are not inlined either, so that
 * their stack frames do not add up and profiles can name them. */
#if defined(__GNUC__)
#define CNNC_KERNEL static inline __attribute__((always_inline, unused))
#if defined(__clang__)
#define CNNC_SHARED_KERNEL static __attribute__((noinline, unused))
#else
#define CNNC_SHARED_KERNEL static __attribute__((noinline, noclone, unused))
#endif
#define CNNC_ALIGNED(bytes) __attribute__((aligned(bytes)))
#if !defined(__clang__) && __GNUC__ >= 8
/* Not seen through by analyses of callers either: where one operand's elements go to every second
 * place of the result, GCC 12 for AArch64 takes the stores for local ones and drops the call. */
#define CNNC_LAYER static __attribute__((noipa))
#else
#define CNNC_LAYER static __attribute__((noinline))
#endif
#else
#define CNNC_KERNEL static inline
#define CNNC_SHARED_KERNEL static
#define CNNC_ALIGNED(bytes)
#define CNNC_LAYER static
#endif

#if defined(__cplusplus)
#define CNNC_RESTRICT __restrict
#else
#define CNNC_RESTRICT restrict
#endif
#endif

/* Name of a function that is written in assembly: the model's name in front, so that several models
 * link together. The emitted sources define CNNC_PREFIX. */
#define CNNC_JOIN_EXPANDED(prefix, name) prefix##_##name
#define CNNC_JOIN(prefix, name) CNNC_JOIN_EXPANDED(prefix, name)
#define CNNC_SYMBOL(name) CNNC_JOIN(CNNC_PREFIX, name)

/* Whether kernels use the instructions of Armv7E-M's DSP extension; assembly is written in Thumb.
 */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#define CNNC_HAS_DSP 1
#else
#define CNNC_HAS_DSP 0
#endif

/* Whether assembly in ARM mode uses the NEON of Armv7-A; kernels hold words of several bytes in
 * vectors: little-endian. */
#if defined(__arm__) && defined(__ARM_NEON) && defined(__BYTE_ORDER__) && \
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CNNC_HAS_NEON32 1
#else
#define CNNC_HAS_NEON32 0
#endif

/* Whether kernels use the instructions that work on bytes and halfwords of core registers: Armv6
 * and Armv7-A in Arm mode, or the DSP extension of Armv7E-M. */
#if defined(__ARM_FEATURE_SIMD32) && (defined(__thumb2__) || !defined(__thumb__)) && \
    defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CNNC_HAS_SIMD32 1
#else
#define CNNC_HAS_SIMD32 0
#endif

/* Whether they do so in Arm mode; assembly is written for Armv6. */
#if CNNC_HAS_SIMD32 && !defined(__thumb__)
#define CNNC_HAS_ARMV6SIMD 1
#else
#define CNNC_HAS_ARMV6SIMD 0
#endif

/* In front of a loop that is to be unrolled n times. */
#define CNNC_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define CNNC_UNROLL(n) CNNC_PRAGMA(unroll n)
#elif defined(__GNUC__) && __GNUC__ >= 8
#define CNNC_UNROLL(n) CNNC_PRAGMA(GCC unroll n)
#else
#define CNNC_UNROLL(n)
#endif

/* Infinity as a float, without the C library. */
#if defined(__GNUC__)
#define CNNC_INFINITY (__builtin_inff())
#else
#define CNNC_INFINITY ((float)(1e300 * 1e300))
#endif

/* Attribute of constant arrays, e.g. __attribute__((section(".weights"))) for external flash. */
#ifndef CNNC_WEIGHTS_SECTION
#define CNNC_WEIGHTS_SECTION
#endif

#endif

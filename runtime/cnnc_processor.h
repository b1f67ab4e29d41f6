/* SPDX-License-Identifier: MIT-0 */
/* What the processor has that a program finds itself on. Each function is 0 in files that are not
 * compiled for what it asks for: their kernels are plain C then, and not worth choosing. */
#ifndef CNNC_PROCESSOR_H
#define CNNC_PROCESSOR_H

#include "cnnc_common.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD) && defined(__linux__)
#include <sys/auxv.h>
#endif

/* Dot products of Armv8.2-A: HWCAP_ASIMDDP of the Linux kernel's AArch64 ABI. */
CNNC_KERNEL int32_t cnnc_has_neon_dot(void) {
#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD) && defined(__linux__)
    return (getauxval(AT_HWCAP) >> 20 & 1U) != 0U;
#else
    return 0;
#endif
}

CNNC_KERNEL int32_t cnnc_has_avx2(void) {
#if defined(__AVX2__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
    return 0;
#endif
}

CNNC_KERNEL int32_t cnnc_has_avx512vnni(void) {
#if defined(__AVX512VNNI__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
           __builtin_cpu_supports("avx512vnni") != 0;
#else
    return 0;
#endif
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* What every kernel and every emitted file needs: inlining, alignment, sections. */
#ifndef CNNC_COMMON_H
#define CNNC_COMMON_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Kernels are always inlined so that their parameters, constants at the call, specialise them.
 * Layers never are, so that their stack frames do not add up and profiles can name them. */
#if defined(__GNUC__)
#define CNNC_KERNEL static inline __attribute__((always_inline, unused))
#define CNNC_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define CNNC_LAYER static __attribute__((noinline))
#else
#define CNNC_KERNEL static inline
#define CNNC_ALIGNED(bytes)
#define CNNC_LAYER static
#endif

#if defined(__cplusplus)
#define CNNC_RESTRICT __restrict
#else
#define CNNC_RESTRICT restrict
#endif

/* Attribute of constant arrays, e.g. __attribute__((section(".weights"))) for external flash. */
#ifndef CNNC_WEIGHTS_SECTION
#define CNNC_WEIGHTS_SECTION
#endif

#endif

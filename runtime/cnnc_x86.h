/* SPDX-License-Identifier: MIT-0 */
/* The compiler's vector functions for x86-64, and which instruction sets a file is compiled for. */
#ifndef CNNC_X86_H
#define CNNC_X86_H

#if defined(__AVX2__)
#define CNNC_HAS_AVX2 1
#else
#define CNNC_HAS_AVX2 0
#endif

#if CNNC_HAS_AVX2 && defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__) && defined(__AVX512VNNI__)
#define CNNC_HAS_AVX512VNNI 1
#else
#define CNNC_HAS_AVX512VNNI 0
#endif

#if CNNC_HAS_AVX2
/* GCC 12 warns as C++ of the undefined operands in its own header (GCC bug 105593). */
#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

#endif

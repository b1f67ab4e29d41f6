/* SPDX-License-Identifier: MIT-0 */
/* Sixteen bytes at a time, for kernels that no more than move and compare them: vectors where there
 * are some, else an array. */
#ifndef CNNC_BYTES_16_H
#define CNNC_BYTES_16_H

#include "cnnc_neon.h"
#include "cnnc_x86.h"

#if CNNC_HAS_NEON || CNNC_HAS_AVX2
#define CNNC_HAS_BYTES_16 1
#else
#define CNNC_HAS_BYTES_16 0
#endif

#if CNNC_HAS_NEON

typedef int8x16_t cnnc_bytes_16;

CNNC_KERNEL cnnc_bytes_16 cnnc_load_16(const int8_t *from) { return vld1q_s8(from); }

CNNC_KERNEL cnnc_bytes_16 cnnc_splat_16(int8_t x) { return vdupq_n_s8(x); }

CNNC_KERNEL void cnnc_store_16(int8_t *to, cnnc_bytes_16 x) { vst1q_s8(to, x); }

/* The first eight bytes of a vector; the others are anything. */
CNNC_KERNEL cnnc_bytes_16 cnnc_load_8(const int8_t *from) {
    const int8x8_t half = vld1_s8(from);
    return vcombine_s8(half, half);
}

CNNC_KERNEL void cnnc_store_8(int8_t *to, cnnc_bytes_16 x) { vst1_s8(to, vget_low_s8(x)); }

CNNC_KERNEL cnnc_bytes_16 cnnc_greater_16(cnnc_bytes_16 a, cnnc_bytes_16 b) {
    return vmaxq_s8(a, b);
}

#elif CNNC_HAS_AVX2

typedef __m128i cnnc_bytes_16;

CNNC_KERNEL cnnc_bytes_16 cnnc_load_16(const int8_t *from) {
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

CNNC_KERNEL cnnc_bytes_16 cnnc_splat_16(int8_t x) { return _mm_set1_epi8(x); }

CNNC_KERNEL void cnnc_store_16(int8_t *to, cnnc_bytes_16 x) {
    _mm_storeu_si128((__m128i *)(void *)to, x);
}

/* The first eight bytes of a vector; the others are anything. */
CNNC_KERNEL cnnc_bytes_16 cnnc_load_8(const int8_t *from) {
    return _mm_loadl_epi64((const __m128i *)(const void *)from);
}

CNNC_KERNEL void cnnc_store_8(int8_t *to, cnnc_bytes_16 x) {
    _mm_storel_epi64((__m128i *)(void *)to, x);
}

CNNC_KERNEL cnnc_bytes_16 cnnc_greater_16(cnnc_bytes_16 a, cnnc_bytes_16 b) {
    return _mm_max_epi8(a, b);
}

#else

typedef struct {
    int8_t at[16];
} cnnc_bytes_16;

CNNC_KERNEL cnnc_bytes_16 cnnc_load_16(const int8_t *from) {
    cnnc_bytes_16 x;
    memcpy(x.at, from, 16);
    return x;
}

CNNC_KERNEL cnnc_bytes_16 cnnc_splat_16(int8_t value) {
    cnnc_bytes_16 x;
    memset(x.at, value, 16);
    return x;
}

CNNC_KERNEL void cnnc_store_16(int8_t *to, cnnc_bytes_16 x) { memcpy(to, x.at, 16); }

/* The first eight bytes of a vector; the others are anything. */
CNNC_KERNEL cnnc_bytes_16 cnnc_load_8(const int8_t *from) {
    cnnc_bytes_16 x;
    memset(x.at, 0, 16);
    memcpy(x.at, from, 8);
    return x;
}

CNNC_KERNEL void cnnc_store_8(int8_t *to, cnnc_bytes_16 x) { memcpy(to, x.at, 8); }

CNNC_KERNEL cnnc_bytes_16 cnnc_greater_16(cnnc_bytes_16 a, cnnc_bytes_16 b) {
    for (int32_t i = 0; i < 16; ++i) {
        a.at[i] = a.at[i] > b.at[i] ? a.at[i] : b.at[i];
    }
    return a;
}

#endif

#endif

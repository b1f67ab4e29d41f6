/* SPDX-License-Identifier: MIT-0 */
/* The instructions on bytes and halfwords of core registers that kernels use (Armv6, and the DSP
 * extension of Armv7E-M), by their names: one instruction where there is one, the same value in C
 * elsewhere. A word holds four bytes or two halfwords, the first in memory lowest. */
#ifndef CNNC_DSP_H
#define CNNC_DSP_H

#include "cnnc_arm_modes.h"
#include "cnnc_common.h"

/* Something that a compiler knows nothing about. */
#if defined(__GNUC__)
#define CNNC_OPAQUE() __asm__ volatile("" ::: "memory")
#else
#define CNNC_OPAQUE() ((void)0)
#endif

/* Four bytes from any address. */
CNNC_KERNEL uint32_t cnnc_load_word(const void *source) {
    uint32_t word;
    memcpy(&word, source, sizeof word);
    return word;
}

/* Four bytes to any address. */
CNNC_KERNEL void cnnc_store_word(void *target, uint32_t word) {
    memcpy(target, &word, sizeof word);
}

/* Copies bytes, whole words first. A C library for small chips copies byte by byte, and compilers
 * make loops like this a call of it unless something in them is opaque. */
CNNC_KERNEL void cnnc_copy_bytes(int8_t *target, const int8_t *source, int32_t bytes) {
    int32_t done = 0;
    for (; done + 4 <= bytes; done += 4) {
        cnnc_store_word(target + done, cnnc_load_word(source + done));
        CNNC_OPAQUE();
    }
    for (; done < bytes; ++done) {
        target[done] = source[done];
        CNNC_OPAQUE();
    }
}

/* The same where there are many: one function for all that call it, four words at a time. */
CNNC_SHARED_KERNEL void cnnc_copy_many_bytes(int8_t *target, const int8_t *source, int32_t bytes) {
    int32_t done = 0;
    for (; done + 16 <= bytes; done += 16) {
        memcpy(target + done, source + done, 16);
        CNNC_OPAQUE();
    }
    cnnc_copy_bytes(target + done, source + done, bytes - done);
}

/* Low halfword of a word as a number. */
CNNC_KERNEL int32_t cnnc_low_half(uint32_t word) { return (int16_t)(uint16_t)word; }

/* High halfword of a word as a number. */
CNNC_KERNEL int32_t cnnc_high_half(uint32_t word) { return (int16_t)(uint16_t)(word >> 16); }

/* Two numbers as halfwords of a word; each wraps around. */
CNNC_KERNEL uint32_t cnnc_halves(int32_t low, int32_t high) {
    return (uint32_t)(uint16_t)low | (uint32_t)high << 16;
}

/* SXTB16: bytes 0 and 2, sign-extended to halfwords. */
CNNC_KERNEL uint32_t cnnc_sxtb16(uint32_t bytes) {
#if CNNC_HAS_SIMD32
    uint32_t halves;
    __asm__("sxtb16 %0, %1" : "=r"(halves) : "r"(bytes));
    return halves;
#else
    return cnnc_halves((int8_t)(uint8_t)bytes, (int8_t)(uint8_t)(bytes >> 16));
#endif
}

/* SXTB16 with ROR #8: bytes 1 and 3, sign-extended to halfwords. */
CNNC_KERNEL uint32_t cnnc_sxtb16_odd(uint32_t bytes) {
#if CNNC_HAS_SIMD32
    uint32_t halves;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(bytes));
    return halves;
#else
    return cnnc_sxtb16(bytes >> 8);
#endif
}

/* SMLAD: sum + both products of halfwords, modulo 2^32. */
CNNC_KERNEL int32_t cnnc_smlad(uint32_t a, uint32_t b, int32_t sum) {
#if CNNC_HAS_SIMD32
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    const int32_t low = cnnc_low_half(a) * cnnc_low_half(b);
    const int32_t high = cnnc_high_half(a) * cnnc_high_half(b);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
#endif
}

/* SMMUL: floor(a * b / 2^32). */
CNNC_KERNEL int32_t cnnc_smmul(int32_t a, int32_t b) {
#if CNNC_HAS_SIMD32
    int32_t result;
    __asm__("smmul %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return (int32_t)(((int64_t)a * b) >> 32);
#endif
}

/* SMMLA: sum + floor(a * b / 2^32), modulo 2^32. */
CNNC_KERNEL int32_t cnnc_smmla(int32_t a, int32_t b, int32_t sum) {
#if CNNC_HAS_SIMD32
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return (int32_t)((uint32_t)sum + (uint32_t)cnnc_smmul(a, b));
#endif
}

/* SADD16: sums of the halfwords, each modulo 2^16. */
CNNC_KERNEL uint32_t cnnc_sadd16(uint32_t a, uint32_t b) {
#if CNNC_HAS_SIMD32
    uint32_t result;
    __asm__("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return cnnc_halves((int32_t)(a + b), (int32_t)((a >> 16) + (b >> 16)));
#endif
}

/* PKHBT: the low halfword of one word below the low halfword of another. */
CNNC_KERNEL uint32_t cnnc_pack_low(uint32_t low, uint32_t high) {
#if CNNC_HAS_SIMD32
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
    return result;
#else
    return (low & 0xFFFFU) | high << 16;
#endif
}

/* SSAT #8: the nearest of -128..127. */
CNNC_KERNEL int32_t cnnc_ssat8(int32_t x) {
#if CNNC_HAS_SIMD32
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
    return result;
#else
    const int32_t raised = x < -128 ? -128 : x;
    return raised > 127 ? 127 : raised;
#endif
}

/* SSUB8, then SEL by its flags: the greater bytes of two words. */
CNNC_KERNEL uint32_t cnnc_greater_bytes(uint32_t a, uint32_t b) {
#if CNNC_HAS_SIMD32
    uint32_t greater;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(greater) : "r"(a), "r"(b));
    return greater;
#else
    uint32_t greater = 0;
    for (int32_t shift = 0; shift < 32; shift += 8) {
        const uint8_t first = (uint8_t)(a >> shift);
        const uint8_t second = (uint8_t)(b >> shift);
        greater |= (uint32_t)((int8_t)first > (int8_t)second ? first : second) << shift;
    }
    return greater;
#endif
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Sums of neighbouring channels over a window, two channels in a word. */
#ifndef CNNC_WINDOW_SUMS_DSP_H
#define CNNC_WINDOW_SUMS_DSP_H

#include "cnnc_dsp.h"

/* Channels that are summed together. */
#define CNNC_WINDOW_SUMS_CHANNELS 8
/* Taps whose sum of int8 fits a halfword. */
#define CNNC_WINDOW_SUMS_TAPS 256

/* Steps are in elements. */
struct cnnc_window_taps {
    int32_t rows;
    int32_t cols; /* at most CNNC_WINDOW_SUMS_TAPS */
    int32_t row_step;
    int32_t col_step;
};

/* SXTAB16: sums of halfwords and of bytes 0 and 2, each modulo 2^16. */
CNNC_KERNEL uint32_t cnnc_window_add_even(uint32_t sums, uint32_t bytes) {
#if CNNC_HAS_SIMD32
    __asm__("sxtab16 %0, %0, %1" : "+r"(sums) : "r"(bytes));
    return sums;
#else
    return cnnc_sadd16(sums, cnnc_sxtb16(bytes));
#endif
}

/* SXTAB16 with ROR #8: the same for bytes 1 and 3. */
CNNC_KERNEL uint32_t cnnc_window_add_odd(uint32_t sums, uint32_t bytes) {
#if CNNC_HAS_SIMD32
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums) : "r"(bytes));
    return sums;
#else
    return cnnc_sadd16(sums, cnnc_sxtb16_odd(bytes));
#endif
}

/* sums[0..3] += the sums of four channels held in halfwords. */
CNNC_KERNEL void cnnc_window_unpack_sums(uint32_t even, uint32_t odd, int32_t *sums) {
    sums[0] += cnnc_low_half(even);
    sums[1] += cnnc_low_half(odd);
    sums[2] += cnnc_high_half(even);
    sums[3] += cnnc_high_half(odd);
}

/* sums[0..7] += the sums of eight channels; at most CNNC_WINDOW_SUMS_TAPS taps. */
CNNC_KERNEL void cnnc_window_sums_part(const struct cnnc_window_taps *taps, int32_t rows,
                                       const int8_t *first, int32_t *sums) {
    uint32_t even_0 = 0;
    uint32_t odd_0 = 0;
    uint32_t even_1 = 0;
    uint32_t odd_1 = 0;
    for (int32_t row = 0; row < rows; ++row) {
        const int8_t *tap = first;
        for (int32_t col = taps->cols; col > 0; --col) {
            const uint32_t word_0 = cnnc_load_word(tap);
            const uint32_t word_1 = cnnc_load_word(tap + 4);
            even_0 = cnnc_window_add_even(even_0, word_0);
            odd_0 = cnnc_window_add_odd(odd_0, word_0);
            even_1 = cnnc_window_add_even(even_1, word_1);
            odd_1 = cnnc_window_add_odd(odd_1, word_1);
            tap += taps->col_step;
        }
        first += taps->row_step;
    }
    cnnc_window_unpack_sums(even_0, odd_0, sums);
    cnnc_window_unpack_sums(even_1, odd_1, sums + 4);
}

/* sums[0..7] = start + the sums of eight channels over any number of rows. */
CNNC_SHARED_KERNEL void cnnc_window_sums_dsp(const struct cnnc_window_taps *taps,
                                             const int8_t *first, int32_t start, int32_t *sums) {
    const int32_t most = CNNC_WINDOW_SUMS_TAPS / taps->cols;
    for (int32_t i = 0; i < CNNC_WINDOW_SUMS_CHANNELS; ++i) {
        sums[i] = start;
    }
    for (int32_t row = 0; row < taps->rows; row += most) {
        const int32_t rest = taps->rows - row;
        cnnc_window_sums_part(taps, rest < most ? rest : most, first, sums);
        first += most * taps->row_step;
    }
}

#endif

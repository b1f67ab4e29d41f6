/* SPDX-License-Identifier: MIT-0 */
/* Functions of two int8 tensors that broadcast together, 64 elements at a time, where
 * CNNC_HAS_AVX512VNNI; output may be an operand of its size. */
#ifndef CNNC_BINARY_64_H
#define CNNC_BINARY_64_H

#include "cnnc_binary_16.h"

#if CNNC_HAS_AVX512VNNI

/* The function of 64 elements; `of` is a kernel's parameters. */
typedef __m512i cnnc_binary_block_64(const void *of, __m512i first, __m512i second);

/* 64 elements of an operand, as many as the mask says, or one 64 times. */
CNNC_KERNEL __m512i cnnc_binary_load_64(const int8_t *operand, int32_t step, int32_t i,
                                        __mmask64 mask) {
    return step == 0 ? _mm512_set1_epi8(*operand) : _mm512_maskz_loadu_epi8(mask, operand + i);
}

CNNC_KERNEL void cnnc_binary_row_64(const struct cnnc_binary_rows *rows, const void *of,
                                    const int8_t *first, const int8_t *second, int8_t *output,
                                    cnnc_binary_block_64 *block) {
    const __mmask64 all = ~(__mmask64)0;
    const int32_t rest = rows->size % 64;
    int32_t i = 0;
    for (; i + 64 <= rows->size; i += 64) {
        const __m512i one = cnnc_binary_load_64(first, rows->first_step, i, all);
        const __m512i two = cnnc_binary_load_64(second, rows->second_step, i, all);
        _mm512_storeu_si512((void *)(output + i), block(of, one, two));
    }
    if (rest > 0) {
        const __mmask64 mask = all >> (64 - rest);
        const __m512i one = cnnc_binary_load_64(first, rows->first_step, i, mask);
        const __m512i two = cnnc_binary_load_64(second, rows->second_step, i, mask);
        _mm512_mask_storeu_epi8((void *)(output + i), mask, block(of, one, two));
    }
}

CNNC_KERNEL void cnnc_binary_64(const struct cnnc_binary_rows *rows, const void *of,
                                const int8_t *first, const int8_t *second, int8_t *output,
                                cnnc_binary_block_64 *block) {
    for (int32_t row = 0; row < rows->rows; ++row) {
        cnnc_binary_row_64(
            rows, of, first + cnnc_broadcast_offset(row, &rows->extents, &rows->first_strides),
            second + cnnc_broadcast_offset(row, &rows->extents, &rows->second_strides), output,
            block);
        output += rows->size;
    }
}

/* Bytes within the same quarters: first, second and so on four of each. */
CNNC_KERNEL __m512i cnnc_pack_words_64(const __m512i words[4], __m512i offset) {
    return _mm512_packs_epi16(_mm512_adds_epi16(_mm512_packs_epi32(words[0], words[1]), offset),
                              _mm512_adds_epi16(_mm512_packs_epi32(words[2], words[3]), offset));
}

CNNC_KERNEL __m512i cnnc_clamp_64(__m512i bytes, int32_t minimum, int32_t maximum) {
    const __m512i raised = _mm512_max_epi8(bytes, _mm512_set1_epi8((int8_t)minimum));
    return _mm512_min_epi8(raised, _mm512_set1_epi8((int8_t)maximum));
}

#endif

#endif

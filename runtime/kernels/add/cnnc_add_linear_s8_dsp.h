/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum of two tensors of one shape where one linear form gives the bytes of cnnc_add_s8
 * for all pairs of operands; output may be either operand. */
#ifndef CNNC_ADD_LINEAR_S8_DSP_H
#define CNNC_ADD_LINEAR_S8_DSP_H

#include "cnnc_dsp.h"

#define CNNC_ADD_LINEAR_SHIFT 21

struct cnnc_add_linear_s8_dsp_parameters {
    int32_t size; /* elements */
    int32_t first_multiplier;
    int32_t second_multiplier;
    int32_t addend;
};

/* saturate((floor(first * first_multiplier / 2^8) + floor(second * second_multiplier / 2^8) +
 * addend) >> 21). */
CNNC_KERNEL int8_t cnnc_add_linear_element(const struct cnnc_add_linear_s8_dsp_parameters *p,
                                           int8_t first, int8_t second) {
    const int64_t scaled_first = ((int64_t)p->first_multiplier * first) >> 8;
    const int64_t scaled_second = ((int64_t)p->second_multiplier * second) >> 8;
    const int32_t sum = (int32_t)(scaled_first + scaled_second + p->addend);
    return (int8_t)cnnc_ssat8(sum >> CNNC_ADD_LINEAR_SHIFT);
}

/* The elements up to the last multiple of four. */
#if CNNC_HAS_SIMD32
#if defined(__cplusplus)
extern "C"
#endif
    void CNNC_SYMBOL(cnnc_add_linear_words_dsp)(const struct cnnc_add_linear_s8_dsp_parameters *p,
                                                const int8_t *first, const int8_t *second,
                                                int8_t *output);
#else
CNNC_KERNEL void
CNNC_SYMBOL(cnnc_add_linear_words_dsp)(const struct cnnc_add_linear_s8_dsp_parameters *p,
                                       const int8_t *first, const int8_t *second, int8_t *output) {
    for (int32_t i = 0; i < p->size - p->size % 4; ++i) {
        output[i] = cnnc_add_linear_element(p, first[i], second[i]);
    }
}
#endif

CNNC_SHARED_KERNEL void cnnc_add_linear_s8_dsp(const struct cnnc_add_linear_s8_dsp_parameters *p,
                                               const int8_t *first, const int8_t *second,
                                               int8_t *output) {
    CNNC_SYMBOL(cnnc_add_linear_words_dsp)(p, first, second, output);
    for (int32_t i = p->size - p->size % 4; i < p->size; ++i) {
        output[i] = cnnc_add_linear_element(p, first[i], second[i]);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Mean over axes that are neighbours in memory, before at least eight elements that are kept,
 * sixteen of them at a time. */
#ifndef CNNC_MEAN_VECTORS_H
#define CNNC_MEAN_VECTORS_H

#include "cnnc_mean_s8.h"
#include "cnnc_sums_16.h"

/* Sixteen means, or eight. */
CNNC_KERNEL void cnnc_mean_block(const struct cnnc_mean_s8_parameters *p,
                                 const int8_t *CNNC_RESTRICT input, int8_t *CNNC_RESTRICT output,
                                 int32_t is_part) {
    cnnc_words_16 words = cnnc_words_of_16(-p->input_zero_point * p->reduced);
    for (int32_t i = 0; i < p->reduced; i += 256) {
        const int32_t count = p->reduced - i < 256 ? p->reduced - i : 256;
        words =
            cnnc_add_halves_16(words, cnnc_line_sums_16(cnnc_no_halves_16(), input + i * p->inner,
                                                        count, p->inner, is_part));
    }
    cnnc_store_part_16(
        output, cnnc_requantize_16(words, p->multiplier, p->shift, p->output_zero_point), is_part);
}

/* input: [outer][reduced][inner], output: [outer][inner]; the last block of elements may overlap
 * those before it. */
CNNC_KERNEL void cnnc_mean_vectors(const struct cnnc_mean_s8_parameters *p,
                                   const int8_t *CNNC_RESTRICT input,
                                   int8_t *CNNC_RESTRICT output) {
    const int32_t is_part = p->inner < 16;
    const int32_t block = is_part ? 8 : 16;
    for (int32_t outer = 0; outer < p->outer; ++outer) {
        for (int32_t i = 0; i < p->inner; i += block) {
            const int32_t first = i < p->inner - block ? i : p->inner - block;
            cnnc_mean_block(p, input + first, output + first, is_part);
        }
        input += p->reduced * p->inner;
        output += p->inner;
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Elementwise sum as one straight line that gives the same bytes for all 65536 pairs (Helium);
 * output may be either operand. */
#ifndef CNNC_ADD_S8_MVE_H
#define CNNC_ADD_S8_MVE_H

#include "cnnc_mve_add.h"

struct cnnc_add_s8_mve_parameters {
    int32_t size; /* elements */
    int32_t first_factor;
    int32_t second_factor;
    int32_t constant;
    int32_t fraction_bits;
    int32_t minimum;
    int32_t maximum;
};

/* output = clamp((first * first_factor + second * second_factor + constant) / 2^fraction_bits),
 * rounded down. */
CNNC_SHARED_KERNEL void cnnc_add_s8_mve(const struct cnnc_add_s8_mve_parameters *p,
                                        const int8_t *first, const int8_t *second, int8_t *output) {
    const struct cnnc_mve_line line = {p->first_factor,
                                       p->second_factor,
                                       p->constant,
                                       -p->fraction_bits,
                                       {0, 4, 1, 5, 2, 6, 3, 7}};
    const int32_t blocks = p->size / 8;
    if (blocks > 0) {
        CNNC_SYMBOL(mve_add)(first, second, output, &line, blocks);
    }
    for (int32_t i = 8 * blocks; i < p->size; ++i) {
        output[i] = cnnc_mve_line_s8(&line, first[i], second[i]);
    }
    cnnc_mve_clamp_s8(output, p->size, p->minimum, p->maximum);
}

#endif

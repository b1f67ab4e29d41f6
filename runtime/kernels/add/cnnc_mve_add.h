/* SPDX-License-Identifier: MIT-0 */
/* Sums of two int8 vectors, each times a factor (Helium). */
#ifndef CNNC_MVE_ADD_H
#define CNNC_MVE_ADD_H

#include "cnnc_mve.h"

/* y = saturate((x0 first_factor + x1 second_factor + constant) >> -shift); what is shifted is an
 * int32. */
struct cnnc_mve_line {
    int32_t first_factor;
    int32_t second_factor;
    int32_t constant;
    int32_t shift;       /* negative */
    uint16_t offsets[8]; /* 0, 4, 1, 5, 2, 6, 3, 7: where results are stored */
};

CNNC_KERNEL int8_t cnnc_mve_line_s8(const struct cnnc_mve_line *line, int8_t first, int8_t second) {
    const uint32_t sum = (uint32_t)first * (uint32_t)line->first_factor +
                         (uint32_t)second * (uint32_t)line->second_factor +
                         (uint32_t)line->constant;
    return cnnc_clamp_s8((int32_t)sum >> -line->shift, -128, 127);
}

#if CNNC_HAS_MVE
#ifdef __cplusplus
extern "C" {
#endif
/* Blocks of 8 elements, at least one; output may be either operand. */
void CNNC_SYMBOL(mve_add)(const int8_t *first, const int8_t *second, int8_t *output,
                          const struct cnnc_mve_line *line, int32_t blocks);
#ifdef __cplusplus
}
#endif
#else
CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_add)(const int8_t *first, const int8_t *second,
                                             int8_t *output, const struct cnnc_mve_line *line,
                                             int32_t blocks) {
    for (int32_t i = 0; i < 8 * blocks; ++i) {
        output[i] = cnnc_mve_line_s8(line, first[i], second[i]);
    }
}
#endif

#endif

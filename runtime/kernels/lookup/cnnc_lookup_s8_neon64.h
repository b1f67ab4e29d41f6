/* SPDX-License-Identifier: MIT-0 */
/* output[i] = table[input[i] as an unsigned byte], sixteen at a time from sixteen registers
 * (AArch64); output may be input. */
#ifndef CNNC_LOOKUP_S8_NEON64_H
#define CNNC_LOOKUP_S8_NEON64_H

#include "cnnc_neon.h"

struct cnnc_lookup_s8_neon64_parameters {
    int32_t size; /* elements */
};

#if CNNC_HAS_NEON64

CNNC_KERNEL int8x16_t cnnc_lookup_16_neon64(int8x16x4_t quarter_0, int8x16x4_t quarter_1,
                                            int8x16x4_t quarter_2, int8x16x4_t quarter_3,
                                            int8x16_t input) {
    const uint8x16_t step = vdupq_n_u8(64);
    const uint8x16_t index_0 = vreinterpretq_u8_s8(input);
    const uint8x16_t index_1 = vsubq_u8(index_0, step);
    const uint8x16_t index_2 = vsubq_u8(index_1, step);
    const uint8x16_t index_3 = vsubq_u8(index_2, step);
    /* An index out of range gives 0 first, and then leaves what is there. */
    int8x16_t found = vqtbl4q_s8(quarter_0, index_0);
    found = vqtbx4q_s8(found, quarter_1, index_1);
    found = vqtbx4q_s8(found, quarter_2, index_2);
    return vqtbx4q_s8(found, quarter_3, index_3);
}

/* At least sixteen elements. The last sixteen, which may overlap others, are loaded before the
 * output may take their place. */
CNNC_KERNEL void cnnc_lookup_blocks_neon64(int32_t size, const int8_t *input, int8_t *output,
                                           const int8_t *CNNC_RESTRICT table) {
    /* Not in a struct, which GCC 12 keeps in memory. */
    const int8x16x4_t t_0 = vld1q_s8_x4(table);
    const int8x16x4_t t_1 = vld1q_s8_x4(table + 64);
    const int8x16x4_t t_2 = vld1q_s8_x4(table + 128);
    const int8x16x4_t t_3 = vld1q_s8_x4(table + 192);
    const int8x16_t last = vld1q_s8(input + size - 16);
    int32_t i = 0;
    for (; i + 32 <= size; i += 32) {
        const int8x16_t input_0 = vld1q_s8(input + i);
        const int8x16_t input_1 = vld1q_s8(input + i + 16);
        vst1q_s8(output + i, cnnc_lookup_16_neon64(t_0, t_1, t_2, t_3, input_0));
        vst1q_s8(output + i + 16, cnnc_lookup_16_neon64(t_0, t_1, t_2, t_3, input_1));
    }
    if (size % 32 > 16) {
        vst1q_s8(output + i, cnnc_lookup_16_neon64(t_0, t_1, t_2, t_3, vld1q_s8(input + i)));
    }
    if (size % 32 > 0) {
        vst1q_s8(output + size - 16, cnnc_lookup_16_neon64(t_0, t_1, t_2, t_3, last));
    }
}

#endif

CNNC_KERNEL void cnnc_lookup_s8_neon64(const struct cnnc_lookup_s8_neon64_parameters *p,
                                       const int8_t *input, int8_t *output,
                                       const int8_t *CNNC_RESTRICT table) {
#if CNNC_HAS_NEON64
    if (p->size >= 16) {
        cnnc_lookup_blocks_neon64(p->size, input, output, table);
        return;
    }
#endif
    for (int32_t i = 0; i < p->size; ++i) {
        output[i] = table[(uint8_t)input[i]];
    }
}

#endif

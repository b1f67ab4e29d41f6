/* SPDX-License-Identifier: MIT-0 */
/* 8-bit integers to the int8 of a format: output[i] = table[byte of input[i]]. */
#ifndef CNNC_CAST_TABLE_S8_H
#define CNNC_CAST_TABLE_S8_H

#include "cnnc_common.h"

struct cnnc_cast_table_s8_parameters {
    int32_t size; /* elements */
};

CNNC_KERNEL void cnnc_cast_table_s8(const struct cnnc_cast_table_s8_parameters *p,
                                    const void *input, int8_t *output,
                                    const int8_t *CNNC_RESTRICT table) {
    const uint8_t *bytes = (const uint8_t *)input;
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = table[bytes[i]];
    }
}

#endif

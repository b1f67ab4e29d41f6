/* SPDX-License-Identifier: MIT-0 */
/* output[i] = table[input[i] + 128]; output may be input. */
#ifndef CNNC_LOOKUP_S8_H
#define CNNC_LOOKUP_S8_H

#include "cnnc_common.h"

struct cnnc_lookup_s8_parameters {
    int32_t size; /* elements */
};

CNNC_KERNEL void cnnc_lookup_s8(const struct cnnc_lookup_s8_parameters *p, const int8_t *input,
                                int8_t *output, const int8_t *CNNC_RESTRICT table) {
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = table[input[i] + 128];
    }
}

#endif

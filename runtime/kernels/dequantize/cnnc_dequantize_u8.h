/* SPDX-License-Identifier: MIT-0 */
/* uint8 to the real numbers that they stand for. */
#ifndef CNNC_DEQUANTIZE_U8_H
#define CNNC_DEQUANTIZE_U8_H

#include "cnnc_common.h"

struct cnnc_dequantize_u8_parameters {
    int32_t size;
    float scale;
    int32_t zero_point;
};

CNNC_KERNEL void cnnc_dequantize_u8(const struct cnnc_dequantize_u8_parameters *p,
                                    const uint8_t *CNNC_RESTRICT input,
                                    float *CNNC_RESTRICT output) {
    for (int32_t i = 0; i < p->size; i++) {
        output[i] = p->scale * (float)(input[i] - p->zero_point);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The matrix products of a Winograd convolution, two tiles by four output channels. */
#ifndef CNNC_WINOGRAD_PRODUCTS_DSP_H
#define CNNC_WINOGRAD_PRODUCTS_DSP_H

#include "cnnc_dsp.h"

#if CNNC_HAS_SIMD32
#ifdef __cplusplus
extern "C"
#endif
    void CNNC_SYMBOL(winograd_products)(const uint32_t *data, const int16_t *weights,
                                        uint32_t *sums, int32_t pairs, int32_t positions);
#else

/* sums[position][tile][channel] = sum over pairs p of the products of both halves of
 * data[position][p][tile] and weights[position][p][channel], modulo 2^32; 2 tiles, 4 channels. An
 * int16 product is no larger than 2^30, so each fits. */
CNNC_SHARED_KERNEL void CNNC_SYMBOL(winograd_products)(const uint32_t *data, const int16_t *weights,
                                                       uint32_t *sums, int32_t pairs,
                                                       int32_t positions) {
    for (int32_t position = 0; position < positions; ++position) {
        for (int32_t entry = 0; entry < 8; ++entry) {
            const uint32_t *words = data + entry / 4;
            const int16_t *channel = weights + entry % 4 * 2;
            uint32_t sum = 0;
            for (int32_t pair = 0; pair < pairs; ++pair) {
                sum += (uint32_t)(cnnc_low_half(words[pair * 2]) * channel[pair * 8]);
                sum += (uint32_t)(cnnc_high_half(words[pair * 2]) * channel[pair * 8 + 1]);
            }
            sums[entry] = sum;
        }
        data += pairs * 2;
        weights += pairs * 8;
        sums += 8;
    }
}
#endif

#endif

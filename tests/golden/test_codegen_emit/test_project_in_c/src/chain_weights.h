/* SPDX-License-Identifier: MIT-0 */
/* Constant arrays, each in the order that its kernel reads. */
#ifndef CNNC_MODEL_CHAIN_WEIGHTS_H
#define CNNC_MODEL_CHAIN_WEIGHTS_H

#include "cnnc/cnnc_common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Without the alignment a compiler may count on what the x86-64 ABI gives to long arrays. */
extern CNNC_ALIGNED(4) const int8_t chain_layer_1_table[256];
extern CNNC_ALIGNED(4) const int8_t chain_layer_3_weights[36];
extern CNNC_ALIGNED(4) const int32_t chain_layer_3_bias[3];
extern CNNC_ALIGNED(4) const int32_t chain_layer_3_multipliers[3];
extern CNNC_ALIGNED(1) const int8_t chain_layer_3_shifts[3];

#ifdef __cplusplus
}
#endif

#endif

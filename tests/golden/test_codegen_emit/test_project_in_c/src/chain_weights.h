/* SPDX-License-Identifier: MIT-0 */
/* Constant arrays, each in the order that its kernel reads. */
#ifndef CNNC_MODEL_CHAIN_WEIGHTS_H
#define CNNC_MODEL_CHAIN_WEIGHTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const int8_t chain_layer_1_table[256];
extern const int8_t chain_layer_3_weights[36];
extern const int32_t chain_layer_3_bias[3];
extern const int32_t chain_layer_3_multipliers[3];
extern const int8_t chain_layer_3_shifts[3];

#ifdef __cplusplus
}
#endif

#endif

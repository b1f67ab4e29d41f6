/* SPDX-License-Identifier: MIT-0 */
/* Constant arrays, each in the order that its kernel reads. */
#ifndef CNNC_MODEL_CHAIN_WEIGHTS_H
#define CNNC_MODEL_CHAIN_WEIGHTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const uint8_t chain_weights[320];

#ifdef __cplusplus
}
#endif

#if defined(__BYTE_ORDER__) && defined(__ORDER_LITTLE_ENDIAN__)
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "chain_weights.bin is little-endian: compile the model with --weights c"
#endif
#endif

/* clang-format off */
#define CHAIN_LAYER_1_TABLE ((const int8_t *)(const void *)(chain_weights + 0))
#define CHAIN_LAYER_3_WEIGHTS ((const int8_t *)(const void *)(chain_weights + 256))
#define CHAIN_LAYER_3_BIAS ((const int32_t *)(const void *)(chain_weights + 292))
#define CHAIN_LAYER_3_MULTIPLIERS ((const int32_t *)(const void *)(chain_weights + 304))
#define CHAIN_LAYER_3_SHIFTS ((const int8_t *)(const void *)(chain_weights + 316))

#endif

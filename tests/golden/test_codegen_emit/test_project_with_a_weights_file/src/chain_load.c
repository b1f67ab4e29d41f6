/* SPDX-License-Identifier: MIT-0 */
/* Accept the weights of 'chain' from wherever the program read them. */
#include "chain.h"

/* CRC-32 as zlib and PNG compute it, without a table. */
static uint32_t chain_crc32(const uint8_t *data, size_t size) {
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1U)));
        }
    }
    return crc ^ 0xffffffffU;
}

enum chain_status chain_load(struct chain_context *context, const void *data, size_t size) {
    if (context == NULL || data == NULL) {
        return CHAIN_ERROR_NULL;
    }
    context->weights = NULL;
    if (context->arena == NULL) {
        return CHAIN_ERROR_NOT_INITIALIZED;
    }
    if (size != CHAIN_WEIGHTS_BYTES) {
        return CHAIN_ERROR_WEIGHTS_SIZE;
    }
    if ((uintptr_t)data % CHAIN_WEIGHTS_ALIGNMENT != 0) {
        return CHAIN_ERROR_WEIGHTS_ALIGNMENT;
    }
    if (chain_crc32((const uint8_t *)data, size) != CHAIN_WEIGHTS_CRC32) {
        return CHAIN_ERROR_WEIGHTS_CRC32;
    }
    context->weights = (const uint8_t *)data;
    return CHAIN_OK;
}

/* SPDX-License-Identifier: MIT-0 */
/* Accept the weights of 'chain' from wherever the program read them. */
#include "chain.h"

/* CRC-32 as zlib and PNG compute it, four bits at a time. */
static uint32_t chain_crc32(const uint8_t *data, size_t size) {
    static const uint32_t table[16] = {
        0x00000000U, 0x1db71064U, 0x3b6e20c8U, 0x26d930acU, 0x76dc4190U, 0x6b6b51f4U,
        0x4db26158U, 0x5005713cU, 0xedb88320U, 0xf00f9344U, 0xd6d6a3e8U, 0xcb61b38cU,
        0x9b64c2b0U, 0x86d3d2d4U, 0xa00ae278U, 0xbdbdf21cU,
    };
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ table[crc & 15U];
        crc = (crc >> 4) ^ table[crc & 15U];
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

/* SPDX-License-Identifier: MIT-0 */
/* Read and write integers whose size is a constant where these functions are called. */
#ifndef CNNC_INTEGERS_H
#define CNNC_INTEGERS_H

#include "cnnc_common.h"

/* Element of an array. kind: its bytes (1, 2, 4), negated for signed integers. */
CNNC_KERNEL int64_t cnnc_load_integer(const void *array, int32_t index, int32_t kind) {
    switch (kind) {
    case 1:
        return ((const uint8_t *)array)[index];
    case 2:
        return ((const uint16_t *)array)[index];
    case 4:
        return ((const uint32_t *)array)[index];
    case -1:
        return ((const int8_t *)array)[index];
    case -2:
        return ((const int16_t *)array)[index];
    default:
        return ((const int32_t *)array)[index];
    }
}

/* Store the lowest bits of a number; kind as above. */
CNNC_KERNEL void cnnc_store_integer(void *array, int32_t index, int32_t kind, int64_t number) {
    switch (kind) {
    case 1:
    case -1:
        ((uint8_t *)array)[index] = (uint8_t)number;
        break;
    case 2:
    case -2:
        ((uint16_t *)array)[index] = (uint16_t)number;
        break;
    default:
        ((uint32_t *)array)[index] = (uint32_t)number;
        break;
    }
}

#endif

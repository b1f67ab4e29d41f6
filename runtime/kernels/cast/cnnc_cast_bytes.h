/* SPDX-License-Identifier: MIT-0 */
/* Numbers of one type as numbers of another: 8, 16 and 32 bits, and float32. */
#ifndef CNNC_CAST_BYTES_H
#define CNNC_CAST_BYTES_H

#include "cnnc_common.h"

/* Types: 0 float, 1 int8, 2 uint8, 3 int16, 4 uint16, 5 int32, 6 uint32. */
struct cnnc_cast_bytes_parameters {
    int32_t size; /* elements */
    int32_t from;
    int32_t from_bytes;
    int32_t to;
    int32_t to_bytes;
    int32_t to_boolean; /* not zero: the result is 1 where the operand is not 0 */
    float low;          /* the least and greatest float that the result's integers hold */
    float high;
};

CNNC_KERNEL int64_t cnnc_cast_load(int32_t type, const uint8_t *place) {
    int16_t half = 0;
    uint16_t unsigned_half = 0;
    int32_t word = 0;
    uint32_t unsigned_word = 0;
    switch (type) {
    case 1:
        return (int8_t)*place;
    case 2:
        return *place;
    case 3:
        memcpy(&half, place, 2);
        return half;
    case 4:
        memcpy(&unsigned_half, place, 2);
        return unsigned_half;
    case 5:
        memcpy(&word, place, 4);
        return word;
    default:
        memcpy(&unsigned_word, place, 4);
        return unsigned_word;
    }
}

/* The low bits; a signed type holds the same bits as the unsigned one of its size. */
CNNC_KERNEL void cnnc_cast_store(int32_t bytes, int64_t value, uint8_t *place) {
    const uint8_t byte = (uint8_t)((uint64_t)value & 0xffU);
    const uint16_t half = (uint16_t)((uint64_t)value & 0xffffU);
    const uint32_t word = (uint32_t)((uint64_t)value & 0xffffffffU);
    if (bytes == 1) {
        *place = byte;
    } else if (bytes == 2) {
        memcpy(place, &half, 2);
    } else {
        memcpy(place, &word, 4);
    }
}

/* Toward zero, clamped to what the result's type holds; NaN is the least of it. */
CNNC_KERNEL int64_t cnnc_cast_truncate(const struct cnnc_cast_bytes_parameters *p, float real) {
    const float raised = real > p->low ? real : p->low;
    return (int64_t)(raised < p->high ? raised : p->high);
}

CNNC_KERNEL void cnnc_cast_from_float(const struct cnnc_cast_bytes_parameters *p,
                                      const uint8_t *input, uint8_t *output) {
    for (int32_t i = 0; i < p->size; i++) {
        float real = 0.0f;
        memcpy(&real, input + i * 4, 4);
        const int64_t whole = p->to_boolean ? !(real == 0.0f) : cnnc_cast_truncate(p, real);
        cnnc_cast_store(p->to_bytes, whole, output + i * p->to_bytes);
    }
}

CNNC_KERNEL void cnnc_cast_from_integer(const struct cnnc_cast_bytes_parameters *p,
                                        const uint8_t *input, uint8_t *output) {
    for (int32_t i = 0; i < p->size; i++) {
        const int64_t whole = cnnc_cast_load(p->from, input + i * p->from_bytes);
        const float real = (float)whole;
        if (p->to == 0) {
            memcpy(output + i * 4, &real, 4);
        } else {
            cnnc_cast_store(p->to_bytes, p->to_boolean ? whole != 0 : whole,
                            output + i * p->to_bytes);
        }
    }
}

CNNC_KERNEL void cnnc_cast_bytes(const struct cnnc_cast_bytes_parameters *p,
                                 const void *CNNC_RESTRICT input, void *CNNC_RESTRICT output) {
    if (p->from == 0) {
        cnnc_cast_from_float(p, (const uint8_t *)input, (uint8_t *)output);
    } else {
        cnnc_cast_from_integer(p, (const uint8_t *)input, (uint8_t *)output);
    }
}

#endif

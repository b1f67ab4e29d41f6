/* SPDX-License-Identifier: MIT-0 */
/* Copy the entries of one axis that a list of indices names; negative ones count from the end. */
#ifndef CNNC_GATHER_BYTES_H
#define CNNC_GATHER_BYTES_H

#include "cnnc_common.h"

struct cnnc_gather_bytes_parameters {
    int32_t outer_count; /* product of the extents before the axis */
    int32_t extent;      /* of the axis */
    int32_t index_count;
    int32_t block_bytes; /* one entry of the axis */
};

/* An index outside of the axis, which no model should hold, means its first or last entry. */
CNNC_KERNEL int32_t cnnc_gather_entry(int32_t index, int32_t extent) {
    const int32_t counted = index < 0 ? index + extent : index;
    const int32_t raised = counted < 0 ? 0 : counted;
    return raised < extent ? raised : extent - 1;
}

/* input: [outer_count][extent][block_bytes]; output: [outer_count][index_count][block_bytes]. */
CNNC_KERNEL void cnnc_gather_bytes(const struct cnnc_gather_bytes_parameters *p,
                                   const void *CNNC_RESTRICT input,
                                   const int32_t *CNNC_RESTRICT indices,
                                   void *CNNC_RESTRICT output) {
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *next = (uint8_t *)output;
    for (int32_t outer = 0; outer < p->outer_count; outer++) {
        for (int32_t i = 0; i < p->index_count; i++) {
            const int32_t entry = cnnc_gather_entry(indices[i], p->extent);
            memcpy(next, from + entry * p->block_bytes, (size_t)p->block_bytes);
            next += p->block_bytes;
        }
        from += p->extent * p->block_bytes;
    }
}

#endif

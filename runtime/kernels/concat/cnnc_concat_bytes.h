/* SPDX-License-Identifier: MIT-0 */
/* Copy one operand of a concatenation to its place: contiguous blocks, one per outer index. */
#ifndef CNNC_CONCAT_BYTES_H
#define CNNC_CONCAT_BYTES_H

#include "cnnc_common.h"

struct cnnc_concat_bytes_parameters {
    int32_t block_count;  /* product of the extents before the joined axis */
    int32_t block_bytes;  /* the operand's extents from the joined axis on */
    int32_t output_bytes; /* from one block to the next in the output */
};

CNNC_KERNEL void cnnc_concat_bytes(const struct cnnc_concat_bytes_parameters *p,
                                   const void *CNNC_RESTRICT input, void *CNNC_RESTRICT output) {
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t block = 0; block < p->block_count; block++) {
        memcpy(to + block * p->output_bytes, from + block * p->block_bytes, (size_t)p->block_bytes);
    }
}

#endif

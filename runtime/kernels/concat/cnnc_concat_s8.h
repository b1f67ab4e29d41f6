/* SPDX-License-Identifier: MIT-0 */
/* Copy one operand of a concatenation to its place: contiguous blocks, one per outer index. */
#ifndef CNNC_CONCAT_S8_H
#define CNNC_CONCAT_S8_H

#include "cnnc_common.h"

struct cnnc_concat_s8_parameters {
    int32_t block_count;   /* product of the extents before the joined axis */
    int32_t block_bytes;   /* the operand's extents from the joined axis on */
    int32_t output_stride; /* bytes from one block to the next in the output */
};

CNNC_KERNEL void cnnc_concat_s8(const struct cnnc_concat_s8_parameters *p,
                                const int8_t *CNNC_RESTRICT input, int8_t *CNNC_RESTRICT output) {
    for (int32_t block = 0; block < p->block_count; block++) {
        memcpy(output, input, (size_t)p->block_bytes);
        input += p->block_bytes;
        output += p->output_stride;
    }
}

#endif

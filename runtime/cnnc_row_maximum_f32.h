/* SPDX-License-Identifier: MIT-0 */
/* The largest of a row of real numbers. */
#ifndef CNNC_ROW_MAXIMUM_F32_H
#define CNNC_ROW_MAXIMUM_F32_H

#include "cnnc_common.h"

/* depth >= 1 */
CNNC_KERNEL float cnnc_row_maximum_f32(const float *row, int32_t depth) {
    float maximum = row[0];
    for (int32_t i = 1; i < depth; i++) {
        maximum = row[i] > maximum ? row[i] : maximum;
    }
    return maximum;
}

#endif

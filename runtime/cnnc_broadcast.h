/* SPDX-License-Identifier: MIT-0 */
/* Where a row of a broadcast result lies in an operand: up to five axes outside the row. */
#ifndef CNNC_BROADCAST_H
#define CNNC_BROADCAST_H

#include "cnnc_common.h"

/* Extents of the result's outer axes; that of axis 0 follows from the number of rows. */
struct cnnc_broadcast_extents {
    int32_t axis_1;
    int32_t axis_2;
    int32_t axis_3;
    int32_t axis_4;
};

/* An operand's strides in elements along the outer axes, 0 where it repeats. */
struct cnnc_broadcast_strides {
    int32_t axis_0;
    int32_t axis_1;
    int32_t axis_2;
    int32_t axis_3;
    int32_t axis_4;
};

/* Offset in elements of a row, rows counted over all outer axes. */
CNNC_KERNEL int32_t cnnc_broadcast_offset(int32_t row, const struct cnnc_broadcast_extents *extents,
                                          const struct cnnc_broadcast_strides *strides) {
    int32_t rest = row;
    int32_t offset = (rest % extents->axis_4) * strides->axis_4;
    rest /= extents->axis_4;
    offset += (rest % extents->axis_3) * strides->axis_3;
    rest /= extents->axis_3;
    offset += (rest % extents->axis_2) * strides->axis_2;
    rest /= extents->axis_2;
    offset += (rest % extents->axis_1) * strides->axis_1;
    rest /= extents->axis_1;
    return offset + rest * strides->axis_0;
}

#endif

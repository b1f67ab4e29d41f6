/* SPDX-License-Identifier: MIT-0 */
/* Which taps of a sliding window lie inside the image; pooling skips the others. */
#ifndef CNNC_POOL_WINDOW_H
#define CNNC_POOL_WINDOW_H

#include "cnnc_common.h"

/* A window along one axis. */
struct cnnc_window_axis {
    int32_t taps;
    int32_t dilation;
    int32_t stride;
    int32_t pad; /* elements of padding before the image */
    int32_t extent;
    int32_t outputs;
};

struct cnnc_tap_range {
    int32_t first;
    int32_t end; /* one past the last */
};

/* Taps of window `index` that lie in the image; at least one does. The first operand of each
 * condition is a constant, so that an axis without padding gives a constant range. */
CNNC_KERNEL struct cnnc_tap_range cnnc_taps_inside(struct cnnc_window_axis axis, int32_t index) {
    const int32_t span = (axis.taps - 1) * axis.dilation + 1;
    const int32_t last_origin = (axis.outputs - 1) * axis.stride - axis.pad;
    const int32_t origin = index * axis.stride - axis.pad;
    struct cnnc_tap_range range = {0, 0};
    range.end = axis.taps;
    if (axis.pad > 0 && origin < 0) {
        range.first = (axis.dilation - 1 - origin) / axis.dilation;
    }
    if (last_origin + span > axis.extent && origin + span > axis.extent) {
        range.end = (axis.extent - origin + axis.dilation - 1) / axis.dilation;
    }
    return range;
}

/* Image coordinate of tap `tap` of window `index`. */
CNNC_KERNEL int32_t cnnc_tap_position(struct cnnc_window_axis axis, int32_t index, int32_t tap) {
    return index * axis.stride - axis.pad + tap * axis.dilation;
}

#endif

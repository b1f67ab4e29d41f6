/* SPDX-License-Identifier: MIT-0 */
/* Transposed convolution, seen from its result. An output at p sees tap k where p + cut = i *
 * stride
 * + k * dilation for an input i, so outputs whose p + cut leave one remainder by the stride see the
 * same taps. They are a phase: an ordinary convolution with stride 1 by some taps of the kernel. */
#ifndef CNNC_TRANSPOSED_H
#define CNNC_TRANSPOSED_H

#include "cnnc_common.h"

/* One axis of the kernel. */
struct cnnc_transposed_axis {
    int32_t taps;
    int32_t stride;
    int32_t dilation;
    int32_t cut; /* elements of the full result before the first that is kept */
    int32_t extent;
    int32_t outputs;
};

/* One phase of an axis. */
struct cnnc_phase_axis {
    int32_t taps;         /* how many taps it sees, ascending */
    int32_t earlier_taps; /* how many those of earlier phases see */
    int32_t first_output; /* and every stride-th after it */
    int32_t first_input;  /* what the first output sees by the first tap; may be outside */
    int32_t tap_step;     /* the next tap sees the input as many elements before */
};

/* First tap of a phase, or the number of taps where there is none. */
CNNC_KERNEL int32_t cnnc_phase_first_tap(const struct cnnc_transposed_axis *axis, int32_t phase) {
    int32_t tap = 0;
    while (tap < axis->taps && tap * axis->dilation % axis->stride != phase) {
        ++tap;
    }
    return tap;
}

/* Distance between the taps of one phase: stride / gcd(stride, dilation). */
CNNC_KERNEL int32_t cnnc_phase_tap_distance(const struct cnnc_transposed_axis *axis) {
    int32_t distance = 1;
    while (distance * axis->dilation % axis->stride != 0) {
        ++distance;
    }
    return distance;
}

/* How many taps a phase sees. */
CNNC_KERNEL int32_t cnnc_phase_taps(const struct cnnc_transposed_axis *axis, int32_t phase) {
    const int32_t distance = cnnc_phase_tap_distance(axis);
    return (axis->taps - cnnc_phase_first_tap(axis, phase) + distance - 1) / distance;
}

/* Phase 0 <= phase < stride of an axis. */
CNNC_KERNEL struct cnnc_phase_axis cnnc_phase_of(const struct cnnc_transposed_axis *axis,
                                                 int32_t phase) {
    const int32_t first_output = (phase + axis->stride - axis->cut % axis->stride) % axis->stride;
    const int32_t offset = cnnc_phase_first_tap(axis, phase) * axis->dilation;
    struct cnnc_phase_axis found = {cnnc_phase_taps(axis, phase), 0, first_output, 0,
                                    cnnc_phase_tap_distance(axis) * axis->dilation / axis->stride};
    for (int32_t earlier = 0; earlier < phase; ++earlier) {
        found.earlier_taps += cnnc_phase_taps(axis, earlier);
    }
    found.first_input = (first_output + axis->cut - offset) / axis->stride;
    return found;
}

#endif

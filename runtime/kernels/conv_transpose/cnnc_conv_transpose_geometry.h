/* SPDX-License-Identifier: MIT-0 */
/* What the kernels of transposed convolutions share: their geometry and the phases of its axes. */
#ifndef CNNC_CONV_TRANSPOSE_GEOMETRY_H
#define CNNC_CONV_TRANSPOSE_GEOMETRY_H

#include "cnnc_transposed.h"

struct cnnc_transposed_volume {
    struct cnnc_transposed_axis planes;
    struct cnnc_transposed_axis rows;
    struct cnnc_transposed_axis cols;
};

/* A phase of all axes. */
struct cnnc_phase {
    struct cnnc_phase_axis planes;
    struct cnnc_phase_axis rows;
    struct cnnc_phase_axis cols;
    int32_t taps;         /* how many taps it sees */
    int32_t earlier_taps; /* how many those of earlier phases see */
};

/* What an output sees by a phase's first tap; each coordinate may be outside. */
struct cnnc_phase_origin {
    int32_t plane;
    int32_t row;
    int32_t col;
};

CNNC_KERNEL int32_t cnnc_phase_count(const struct cnnc_transposed_volume *volume) {
    return volume->planes.stride * volume->rows.stride * volume->cols.stride;
}

/* Phase `index`, counted with columns fastest. */
CNNC_KERNEL struct cnnc_phase cnnc_phase_at(const struct cnnc_transposed_volume *volume,
                                            int32_t index) {
    const int32_t col = index % volume->cols.stride;
    const int32_t row = index / volume->cols.stride % volume->rows.stride;
    const int32_t plane = index / volume->cols.stride / volume->rows.stride;
    struct cnnc_phase phase = {cnnc_phase_of(&volume->planes, plane),
                               cnnc_phase_of(&volume->rows, row), cnnc_phase_of(&volume->cols, col),
                               0, 0};
    const int32_t earlier_in_row = phase.rows.taps * phase.cols.earlier_taps;
    const int32_t earlier_in_plane = phase.rows.earlier_taps * volume->cols.taps + earlier_in_row;
    phase.taps = phase.planes.taps * phase.rows.taps * phase.cols.taps;
    phase.earlier_taps = phase.planes.earlier_taps * volume->rows.taps * volume->cols.taps +
                         phase.planes.taps * earlier_in_plane;
    return phase;
}

/* Outputs of a phase along one axis. */
CNNC_KERNEL int32_t cnnc_phase_outputs(const struct cnnc_transposed_axis *axis,
                                       const struct cnnc_phase_axis *phase) {
    return (axis->outputs - phase->first_output + axis->stride - 1) / axis->stride;
}

/* What output (plane, row, col) of a phase sees by the first tap. */
CNNC_KERNEL struct cnnc_phase_origin cnnc_phase_origin_at(const struct cnnc_phase *phase,
                                                          int32_t plane, int32_t row, int32_t col) {
    const struct cnnc_phase_origin origin = {phase->planes.first_input + plane,
                                             phase->rows.first_input + row,
                                             phase->cols.first_input + col};
    return origin;
}

/* Index of output (plane, row, col) of a phase in the result, without channels. */
CNNC_KERNEL int32_t cnnc_phase_pixel(const struct cnnc_transposed_volume *volume,
                                     const struct cnnc_phase *phase, int32_t plane, int32_t row,
                                     int32_t col) {
    const int32_t at_plane = phase->planes.first_output + plane * volume->planes.stride;
    const int32_t at_row = phase->rows.first_output + row * volume->rows.stride;
    const int32_t at_col = phase->cols.first_output + col * volume->cols.stride;
    return (at_plane * volume->rows.outputs + at_row) * volume->cols.outputs + at_col;
}

#endif

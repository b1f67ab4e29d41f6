/* SPDX-License-Identifier: MIT-0 */
/* Rows of int8 times blocks of 16, 8 or 4 output channels (AArch64 with dot products): the core of
 * convolutions and fully connected layers.
 *
 * A row is segments pieces of memory, each quads * 4 bytes long and segment_step bytes after the
 * one before; row r begins row_step * r bytes after the first. Where a piece is used up to a part
 * of a quad, weights of zero stand for the rest; reads may pass a piece's end by 15 bytes. Weights
 * are [block][segment][quad][channel][4], channels [block][3][channel]: biases, multipliers,
 * shifts. */
#ifndef CNNC_ROWS_NEON_DOT_H
#define CNNC_ROWS_NEON_DOT_H

#include "cnnc_neon.h"
#include "cnnc_results_neon_dot.h"

/* How sums become results, a mask. */
enum {
    /* Ties of negative numbers are rounded away from zero; all shifts are negative. */
    CNNC_DOT_SIGNED = 1,
    /* Rounded once; all shifts are negative. */
    CNNC_DOT_SINGLE = 2,
    /* The zero point and the minimum are -128, the maximum is 127. */
    CNNC_DOT_FROM_ZERO = 4,
    /* The result is the sums of one block, int32, in steps of output_step bytes. */
    CNNC_DOT_SUMS = 8
};

/* Without CNNC_DOT_SUMS no shift is positive, and scaled sums with the zero point fit 16 bits. */
struct cnnc_dot_rows {
    const int8_t *input;
    const int8_t *weights;
    const int32_t *channels;
    void *output;
    int64_t rows;
    int64_t blocks;
    int64_t row_step;
    int64_t output_step;
    int64_t segments;
    int64_t segment_step;
    int64_t quads;
    int64_t scaling;
    int16_t zero_point;
    int8_t minimum;
    int8_t maximum;
};

#if CNNC_HAS_NEON_DOT
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(dot_rows_16)(const struct cnnc_dot_rows *rows);
void CNNC_SYMBOL(dot_rows_8)(const struct cnnc_dot_rows *rows);
void CNNC_SYMBOL(dot_rows_4)(const struct cnnc_dot_rows *rows);
#ifdef __cplusplus
}
#endif
#else

/* One sum of a row, which begins at input; weights are those of its channel. */
CNNC_KERNEL int32_t cnnc_dot_sum(const struct cnnc_dot_rows *rows, int32_t width,
                                 const int8_t *input, const int8_t *weights, int32_t sum) {
    for (int64_t segment = 0; segment < rows->segments; ++segment) {
        for (int64_t i = 0; i < 4 * rows->quads; ++i) {
            /* What lies beyond a piece's end need not be memory. */
            if (weights[i / 4 * 4 * width + i % 4] != 0) {
                sum += weights[i / 4 * 4 * width + i % 4] * input[i];
            }
        }
        weights += 4 * rows->quads * width;
        input += rows->segment_step;
    }
    return sum;
}

CNNC_SHARED_KERNEL void cnnc_dot_rows_plain(const struct cnnc_dot_rows *rows, int32_t width) {
    const int64_t block_bytes = rows->segments * rows->quads * 4 * width;
    for (int64_t i = 0; i < rows->rows * rows->blocks * width; ++i) {
        const int64_t row = i / width % rows->rows;
        const int64_t block = i / width / rows->rows;
        const int64_t channel = i % width;
        const int32_t *const constants = rows->channels + 3 * width * block + channel;
        const int32_t sum =
            cnnc_dot_sum(rows, width, rows->input + row * rows->row_step,
                         rows->weights + block * block_bytes + 4 * channel, constants[0]);
        char *const output = (char *)rows->output + row * rows->output_step;
        if (rows->scaling & CNNC_DOT_SUMS) {
            memcpy(output + 4 * (block * width + channel), &sum, sizeof sum);
        } else {
            ((int8_t *)output)[block * width + channel] =
                cnnc_requantize_s8(sum, constants[width], constants[2 * width], rows->zero_point,
                                   rows->minimum, rows->maximum);
        }
    }
}

CNNC_KERNEL void CNNC_SYMBOL(dot_rows_16)(const struct cnnc_dot_rows *rows) {
    cnnc_dot_rows_plain(rows, 16);
}

CNNC_KERNEL void CNNC_SYMBOL(dot_rows_8)(const struct cnnc_dot_rows *rows) {
    cnnc_dot_rows_plain(rows, 8);
}

CNNC_KERNEL void CNNC_SYMBOL(dot_rows_4)(const struct cnnc_dot_rows *rows) {
    cnnc_dot_rows_plain(rows, 4);
}
#endif

#endif

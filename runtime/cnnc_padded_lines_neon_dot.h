/* SPDX-License-Identifier: MIT-0 */
/* Copies of an image's lines with the padding around them (AArch64 with dot products). */
#ifndef CNNC_PADDED_LINES_NEON_DOT_H
#define CNNC_PADDED_LINES_NEON_DOT_H

#include "cnnc_neon.h"

struct cnnc_padded_lines_dot {
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t padded_cols; /* of a copied line */
    int32_t pad_left;
    int32_t input_zero_point;
};

/* Copies bytes up to a multiple of 16. */
CNNC_KERNEL void cnnc_copy_vectors_dot(int8_t *CNNC_RESTRICT output,
                                       const int8_t *CNNC_RESTRICT input, int32_t bytes) {
#if CNNC_HAS_NEON64
    int32_t i = 0;
    for (; i + 64 <= bytes; i += 64) {
        vst1q_s8_x4(output + i, vld1q_s8_x4(input + i));
    }
    for (; i < bytes; i += 16) {
        vst1q_s8(output + i, vld1q_s8(input + i));
    }
#else
    memcpy(output, input, (size_t)bytes);
#endif
}

/* Fills bytes up to a multiple of 16. */
CNNC_KERNEL void cnnc_fill_vectors_dot(int8_t *output, int32_t value, int32_t bytes) {
#if CNNC_HAS_NEON64
    const int8x16_t vector = vdupq_n_s8((int8_t)value);
    for (int32_t i = 0; i < bytes; i += 16) {
        vst1q_s8(output + i, vector);
    }
#else
    memset(output, value, (size_t)bytes);
#endif
}

/* Copies lines from first_row on; up to 15 bytes behind them are written. */
CNNC_KERNEL void cnnc_copy_padded_dot(const struct cnnc_padded_lines_dot *p,
                                      const int8_t *CNNC_RESTRICT image, int32_t first_row,
                                      int32_t lines, int8_t *CNNC_RESTRICT output) {
    const int32_t line_bytes = p->padded_cols * p->input_channels;
    const int32_t inner = p->padded_cols - p->pad_left;
    const int32_t cols = inner < p->input_cols ? inner : p->input_cols;
    const int32_t left_bytes = p->pad_left * p->input_channels;
    const int32_t bytes = (cols > 0 ? cols : 0) * p->input_channels;
    for (int32_t row = first_row; row < first_row + lines; ++row) {
        if (row < 0 || row >= p->input_rows || bytes == 0) {
            cnnc_fill_vectors_dot(output, p->input_zero_point, line_bytes);
        } else {
            cnnc_fill_vectors_dot(output, p->input_zero_point, left_bytes);
            cnnc_copy_vectors_dot(output + left_bytes,
                                  image + row * p->input_cols * p->input_channels, bytes);
            cnnc_fill_vectors_dot(output + left_bytes + bytes, p->input_zero_point,
                                  line_bytes - left_bytes - bytes);
        }
        output += line_bytes;
    }
}

#endif

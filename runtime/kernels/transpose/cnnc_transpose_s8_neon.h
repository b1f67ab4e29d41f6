/* SPDX-License-Identifier: MIT-0 */
/* Transpose matrices of bytes: two to four rows at a time as they lie in structures, others by
 * squares of eight (NEON). */
#ifndef CNNC_TRANSPOSE_S8_NEON_H
#define CNNC_TRANSPOSE_S8_NEON_H

#include "cnnc_move_bytes.h"
#include "cnnc_neon.h"

/* A matrix of the input, whose rows become columns. */
struct cnnc_matrix_bytes {
    int32_t rows;
    int32_t cols;
    int32_t row_step; /* bytes from one row to the next */
};

#if CNNC_HAS_NEON

/* Eight columns of two, three or four rows. */
CNNC_KERNEL void cnnc_interleave_8_neon(const struct cnnc_matrix_bytes *matrix,
                                        const uint8_t *input, uint8_t *output) {
    const uint8x8_t row_0 = vld1_u8(input);
    const uint8x8_t row_1 = vld1_u8(input + matrix->row_step);
    if (matrix->rows == 2) {
        const uint8x8x2_t two = {{row_0, row_1}};
        vst2_u8(output, two);
    } else if (matrix->rows == 3) {
        const uint8x8x3_t three = {{row_0, row_1, vld1_u8(input + 2 * matrix->row_step)}};
        vst3_u8(output, three);
    } else {
        const uint8x8x4_t four = {{row_0, row_1, vld1_u8(input + 2 * matrix->row_step),
                                   vld1_u8(input + 3 * matrix->row_step)}};
        vst4_u8(output, four);
    }
}

/* Eight rows of two, three or four columns that follow each other. */
CNNC_KERNEL void cnnc_separate_8_neon(const struct cnnc_matrix_bytes *matrix, const uint8_t *input,
                                      uint8_t *output) {
    const int32_t step = matrix->rows;
    if (matrix->cols == 2) {
        const uint8x8x2_t two = vld2_u8(input);
        vst1_u8(output, two.val[0]);
        vst1_u8(output + step, two.val[1]);
    } else if (matrix->cols == 3) {
        const uint8x8x3_t three = vld3_u8(input);
        vst1_u8(output, three.val[0]);
        vst1_u8(output + step, three.val[1]);
        vst1_u8(output + 2 * step, three.val[2]);
    } else {
        const uint8x8x4_t four = vld4_u8(input);
        vst1_u8(output, four.val[0]);
        vst1_u8(output + step, four.val[1]);
        vst1_u8(output + 2 * step, four.val[2]);
        vst1_u8(output + 3 * step, four.val[3]);
    }
}

/* Rows of two words each: their four squares of two by two. */
CNNC_KERNEL void cnnc_store_words_neon(uint8x8_t even, uint8x8_t odd, uint8_t *output,
                                       int32_t step) {
    const uint32x2x2_t words = vtrn_u32(vreinterpret_u32_u8(even), vreinterpret_u32_u8(odd));
    vst1_u8(output, vreinterpret_u8_u32(words.val[0]));
    vst1_u8(output + 4 * step, vreinterpret_u8_u32(words.val[1]));
}

/* A square of eight: bytes, then halfwords, then words change places. */
CNNC_KERNEL void cnnc_square_8_neon(const struct cnnc_matrix_bytes *matrix, const uint8_t *input,
                                    uint8_t *output) {
    const int32_t from = matrix->row_step;
    const int32_t to = matrix->rows;
    const uint8x8x2_t b_0 = vtrn_u8(vld1_u8(input), vld1_u8(input + from));
    const uint8x8x2_t b_2 = vtrn_u8(vld1_u8(input + 2 * from), vld1_u8(input + 3 * from));
    const uint8x8x2_t b_4 = vtrn_u8(vld1_u8(input + 4 * from), vld1_u8(input + 5 * from));
    const uint8x8x2_t b_6 = vtrn_u8(vld1_u8(input + 6 * from), vld1_u8(input + 7 * from));
    const uint16x4x2_t h_0 =
        vtrn_u16(vreinterpret_u16_u8(b_0.val[0]), vreinterpret_u16_u8(b_2.val[0]));
    const uint16x4x2_t h_1 =
        vtrn_u16(vreinterpret_u16_u8(b_0.val[1]), vreinterpret_u16_u8(b_2.val[1]));
    const uint16x4x2_t h_4 =
        vtrn_u16(vreinterpret_u16_u8(b_4.val[0]), vreinterpret_u16_u8(b_6.val[0]));
    const uint16x4x2_t h_5 =
        vtrn_u16(vreinterpret_u16_u8(b_4.val[1]), vreinterpret_u16_u8(b_6.val[1]));
    cnnc_store_words_neon(vreinterpret_u8_u16(h_0.val[0]), vreinterpret_u8_u16(h_4.val[0]), output,
                          to);
    cnnc_store_words_neon(vreinterpret_u8_u16(h_1.val[0]), vreinterpret_u8_u16(h_5.val[0]),
                          output + to, to);
    cnnc_store_words_neon(vreinterpret_u8_u16(h_0.val[1]), vreinterpret_u8_u16(h_4.val[1]),
                          output + 2 * to, to);
    cnnc_store_words_neon(vreinterpret_u8_u16(h_1.val[1]), vreinterpret_u8_u16(h_5.val[1]),
                          output + 3 * to, to);
}

/* The last eight rows or columns may overlap those before them. */
CNNC_KERNEL void cnnc_transpose_matrix(const struct cnnc_matrix_bytes *matrix,
                                       const uint8_t *CNNC_RESTRICT input,
                                       uint8_t *CNNC_RESTRICT output) {
    const int32_t last_row = matrix->rows - 8;
    const int32_t last_col = matrix->cols - 8;
    if (matrix->rows <= 4) {
        for (int32_t i = 0; i < matrix->cols; i += 8) {
            const int32_t col = i < last_col ? i : last_col;
            cnnc_interleave_8_neon(matrix, input + col, output + col * matrix->rows);
        }
    } else if (matrix->cols <= 4) {
        for (int32_t i = 0; i < matrix->rows; i += 8) {
            const int32_t row = i < last_row ? i : last_row;
            cnnc_separate_8_neon(matrix, input + row * matrix->cols, output + row);
        }
    } else {
        for (int32_t i = 0; i < matrix->cols; i += 8) {
            const int32_t col = i < last_col ? i : last_col;
            for (int32_t j = 0; j < matrix->rows; j += 8) {
                const int32_t row = j < last_row ? j : last_row;
                cnnc_square_8_neon(matrix, input + row * matrix->row_step + col,
                                   output + col * matrix->rows + row);
            }
        }
    }
}

#else

CNNC_KERNEL void cnnc_transpose_matrix(const struct cnnc_matrix_bytes *matrix,
                                       const uint8_t *CNNC_RESTRICT input,
                                       uint8_t *CNNC_RESTRICT output) {
    for (int32_t col = 0; col < matrix->cols; ++col) {
        for (int32_t row = 0; row < matrix->rows; ++row) {
            output[col * matrix->rows + row] = input[row * matrix->row_step + col];
        }
    }
}

#endif

/* As cnnc_move_bytes for elements of one byte and a stride_4 of 1: axis 5 goes over rows, axis 4
 * over columns. One of them is at least 8, the other is too or is 2 to 4; columns of so few follow
 * each other. */
CNNC_KERNEL void cnnc_transpose_s8_neon(const struct cnnc_move_bytes_parameters *p,
                                        const int8_t *CNNC_RESTRICT input,
                                        int8_t *CNNC_RESTRICT output) {
    const struct cnnc_matrix_bytes matrix = {p->extent_5, p->extent_4, p->stride_5};
    const int32_t count = p->extent_0 * p->extent_1 * p->extent_2 * p->extent_3;
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t i = 0; i < count; ++i) {
        const int32_t rest_2 = i / p->extent_3;
        const int32_t rest_1 = rest_2 / p->extent_2;
        const int32_t place = i % p->extent_3 * p->stride_3 + rest_2 % p->extent_2 * p->stride_2 +
                              rest_1 % p->extent_1 * p->stride_1 +
                              rest_1 / p->extent_1 * p->stride_0;
        cnnc_transpose_matrix(&matrix, from + place, to);
        to += matrix.rows * matrix.cols;
    }
}

#endif

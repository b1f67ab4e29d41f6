/* SPDX-License-Identifier: MIT-0 */
/* Average over a sliding window of at least eight channels, sixteen at a time where there are so
 * many; the last block of channels may overlap those before it. */
#ifndef CNNC_AVERAGE_POOL_VECTORS_H
#define CNNC_AVERAGE_POOL_VECTORS_H

#include "cnnc_average_pool_s8.h"
#include "cnnc_sums_16.h"

/* How many bytes lie between a window's taps. */
struct cnnc_average_steps {
    int32_t row;
    int32_t col;
};

/* 16 channels of a whole window of at most 11 taps, which are constants. */
CNNC_KERNEL void cnnc_average_few_taps(int32_t rows, int32_t cols, struct cnnc_average_steps steps,
                                       const int8_t *CNNC_RESTRICT first,
                                       int8_t *CNNC_RESTRICT output) {
    cnnc_halves_16 sums = cnnc_no_halves_16();
    CNNC_UNROLL(8)
    for (int32_t row = 0; row < rows; ++row) {
        CNNC_UNROLL(8)
        for (int32_t col = 0; col < cols; ++col) {
            const int8_t *tap = first + row * steps.row + col * steps.col;
            sums = cnnc_add_bytes_16(sums, cnnc_load_16(tap));
        }
    }
    cnnc_store_16(output, cnnc_average_few_16(sums, rows * cols));
}

/* 16 channels of any window, or 8. */
CNNC_KERNEL void cnnc_average_any_taps(const struct cnnc_average_window *window,
                                       struct cnnc_average_steps steps,
                                       const int8_t *CNNC_RESTRICT first,
                                       int8_t *CNNC_RESTRICT output, int32_t is_part) {
    cnnc_words_16 words = cnnc_words_of_16(window->padding_sum);
    for (int32_t row = 0; row < window->row_taps; ++row) {
        const cnnc_halves_16 sums = cnnc_line_sums_16(cnnc_no_halves_16(), first + row * steps.row,
                                                      window->col_taps, steps.col, is_part);
        words = cnnc_add_halves_16(words, sums);
    }
    cnnc_store_part_16(output, cnnc_average_16(words, window->count), is_part);
}

CNNC_KERNEL void cnnc_average_vectors_pixel(const struct cnnc_average_pool_s8_parameters *p,
                                            const struct cnnc_average_window *window,
                                            int8_t *CNNC_RESTRICT output) {
    const struct cnnc_average_steps steps = {p->dilation_rows * p->input_cols * p->channels,
                                             p->dilation_cols * p->channels};
    const int32_t taps = p->kernel_rows * p->kernel_cols;
    const int32_t is_whole = window->row_taps * window->col_taps == taps;
    const int32_t is_part = p->channels < 16;
    const int32_t block = is_part ? 8 : 16;
    for (int32_t i = 0; i < p->channels; i += block) {
        const int32_t channel = i < p->channels - block ? i : p->channels - block;
        if (taps <= 11 && !is_part && is_whole) {
            cnnc_average_few_taps(p->kernel_rows, p->kernel_cols, steps, window->first + channel,
                                  output + channel);
        } else {
            cnnc_average_any_taps(window, steps, window->first + channel, output + channel,
                                  is_part);
        }
    }
}

/* input: [batch][input_rows][input_cols][channels], output: [batch][output_rows][output_cols]
 * [channels]; at most 256 columns and CNNC_MOST_AVERAGED elements in a window. */
CNNC_KERNEL void cnnc_average_pool_vectors(const struct cnnc_average_pool_s8_parameters *p,
                                           const int8_t *CNNC_RESTRICT input,
                                           int8_t *CNNC_RESTRICT output) {
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            for (int32_t col = 0; col < p->output_cols; ++col) {
                const struct cnnc_average_window window =
                    cnnc_average_window_at(p, input, row, col);
                cnnc_average_vectors_pixel(p, &window, output);
                output += p->channels;
            }
        }
        input += p->input_rows * p->input_cols * p->channels;
    }
}

#endif

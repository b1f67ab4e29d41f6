/* SPDX-License-Identifier: MIT-0 */
/* Maximum over a sliding window of at least four channels, four at a time. */
#ifndef CNNC_MAX_POOL_WORDS_S8_DSP_H
#define CNNC_MAX_POOL_WORDS_S8_DSP_H

#include "cnnc_dsp.h"
#include "cnnc_max_pool_s8.h"

/* One output pixel; the last four channels may overlap those before them. */
CNNC_KERNEL void cnnc_max_pool_words_pixel(const struct cnnc_max_pool_s8_parameters *p,
                                           const int8_t *CNNC_RESTRICT first, int32_t row_taps,
                                           int32_t col_taps, int8_t *CNNC_RESTRICT output) {
    const int32_t col_step = p->dilation_cols * p->channels;
    const int32_t row_step = p->dilation_rows * p->input_cols * p->channels;
    const int32_t last = p->channels - 4;
    for (int32_t i = 0; i < p->channels; i += 4) {
        const int32_t channel = i < last ? i : last;
        uint32_t greatest = cnnc_load_word(first + channel);
        for (int32_t row = 0; row < row_taps; ++row) {
            for (int32_t col = 0; col < col_taps; ++col) {
                const int8_t *tap = first + channel + row * row_step + col * col_step;
                greatest = cnnc_greater_bytes(greatest, cnnc_load_word(tap));
            }
        }
        cnnc_store_word(output + channel, greatest);
    }
}

/* input: [batch][input_rows][input_cols][channels], output: [batch][output_rows][output_cols]
 * [channels]. */
CNNC_KERNEL void cnnc_max_pool_words_s8_dsp(const struct cnnc_max_pool_s8_parameters *p,
                                            const int8_t *CNNC_RESTRICT input,
                                            int8_t *CNNC_RESTRICT output) {
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            for (int32_t col = 0; col < p->output_cols; ++col) {
                const struct cnnc_max_pool_window window =
                    cnnc_max_pool_window_at(p, input, row, col);
                if (window.row_taps == p->kernel_rows && window.col_taps == p->kernel_cols) {
                    cnnc_max_pool_words_pixel(p, window.first, p->kernel_rows, p->kernel_cols,
                                              output);
                } else {
                    cnnc_max_pool_words_pixel(p, window.first, window.row_taps, window.col_taps,
                                              output);
                }
                output += p->channels;
            }
        }
        input += p->input_rows * p->input_cols * p->channels;
    }
}

#endif

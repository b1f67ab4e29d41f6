/* SPDX-License-Identifier: MIT-0 */
/* Average over a sliding window of at least eight channels, eight at a time. */
#ifndef CNNC_AVERAGE_POOL_WORDS_S8_DSP_H
#define CNNC_AVERAGE_POOL_WORDS_S8_DSP_H

#include "cnnc_average_pool_s8.h"
#include "cnnc_window_sums_dsp.h"

/* One output pixel; the last eight channels may overlap those before them. */
CNNC_KERNEL void cnnc_average_pool_words_pixel(const struct cnnc_average_pool_s8_parameters *p,
                                               const struct cnnc_average_window *window,
                                               int8_t *CNNC_RESTRICT output) {
    struct cnnc_window_taps taps = {window->row_taps, window->col_taps,
                                    p->dilation_rows * p->input_cols * p->channels,
                                    p->dilation_cols * p->channels};
    /* Rows that follow each other in memory are one. */
    if (taps.row_step == taps.cols * taps.col_step &&
        taps.rows * taps.cols <= CNNC_WINDOW_SUMS_TAPS) {
        taps.cols *= taps.rows;
        taps.rows = 1;
    }
    const int32_t last = p->channels - CNNC_WINDOW_SUMS_CHANNELS;
    for (int32_t i = 0; i < p->channels; i += CNNC_WINDOW_SUMS_CHANNELS) {
        const int32_t channel = i < last ? i : last;
        int32_t sums[CNNC_WINDOW_SUMS_CHANNELS];
        cnnc_window_sums_dsp(&taps, window->first + channel, window->padding_sum, sums);
        for (int32_t k = 0; k < CNNC_WINDOW_SUMS_CHANNELS; ++k) {
            output[channel + k] = cnnc_average(sums[k], window->count);
        }
    }
}

/* input: [batch][input_rows][input_cols][channels], output: [batch][output_rows][output_cols]
 * [channels]; at least eight channels, at most 256 columns in a window. */
CNNC_KERNEL void cnnc_average_pool_words_s8_dsp(const struct cnnc_average_pool_s8_parameters *p,
                                                const int8_t *CNNC_RESTRICT input,
                                                int8_t *CNNC_RESTRICT output) {
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t pixel = 0; pixel < p->output_rows * p->output_cols; ++pixel) {
            const struct cnnc_average_window window =
                cnnc_average_window_at(p, input, pixel / p->output_cols, pixel % p->output_cols);
            cnnc_average_pool_words_pixel(p, &window, output);
            output += p->channels;
        }
        input += p->input_rows * p->input_cols * p->channels;
    }
}

#endif

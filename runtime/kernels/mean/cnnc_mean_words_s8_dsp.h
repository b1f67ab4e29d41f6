/* SPDX-License-Identifier: MIT-0 */
/* Mean over axes that are neighbours in memory, before at least eight elements that are kept. */
#ifndef CNNC_MEAN_WORDS_S8_DSP_H
#define CNNC_MEAN_WORDS_S8_DSP_H

#include "cnnc_mean_s8.h"
#include "cnnc_window_sums_dsp.h"

/* As struct cnnc_mean_s8_parameters, with rows * cols reduced elements; at most 256 cols. */
struct cnnc_mean_words_s8_dsp_parameters {
    int32_t outer;
    int32_t rows;
    int32_t cols;
    int32_t inner;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t multiplier;
    int32_t shift;
};

/* input: [outer][rows][cols][inner], output: [outer][inner]; the last eight elements may overlap
 * those before them. */
CNNC_KERNEL void cnnc_mean_words_s8_dsp(const struct cnnc_mean_words_s8_dsp_parameters *p,
                                        const int8_t *CNNC_RESTRICT input,
                                        int8_t *CNNC_RESTRICT output) {
    const struct cnnc_mean_s8_parameters mean = {
        p->outer,      p->rows * p->cols, p->inner, p->input_zero_point, p->output_zero_point,
        p->multiplier, p->shift};
    const struct cnnc_window_taps taps = {p->rows, p->cols, p->cols * p->inner, p->inner};
    const int32_t last = p->inner - CNNC_WINDOW_SUMS_CHANNELS;
    for (int32_t outer = 0; outer < p->outer; ++outer) {
        for (int32_t i = 0; i < p->inner; i += CNNC_WINDOW_SUMS_CHANNELS) {
            const int32_t first = i < last ? i : last;
            int32_t sums[CNNC_WINDOW_SUMS_CHANNELS];
            cnnc_window_sums_dsp(&taps, input + first, 0, sums);
            for (int32_t k = 0; k < CNNC_WINDOW_SUMS_CHANNELS; ++k) {
                output[first + k] = cnnc_mean_result(&mean, sums[k]);
            }
        }
        input += mean.reduced * p->inner;
        output += p->inner;
    }
}

#endif

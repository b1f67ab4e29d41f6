/* SPDX-License-Identifier: MIT-0 */
/* Rows of int8 values times constant int8 weights on Armv7E-M, two products an instruction. */
#ifndef CNNC_FULLY_CONNECTED_WORDS_S8_DSP_H
#define CNNC_FULLY_CONNECTED_WORDS_S8_DSP_H

#include "cnnc_channel_words_dsp.h"

struct cnnc_fully_connected_words_s8_dsp_parameters {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* output[row][o] = requantize(bias[o] + sum over i of weights[o][i] * input[row][i]).
 * weights [output_channels][input_channels rounded up to 4], zero behind the last; bias (input zero
 * point folded in), multipliers and shifts [output_channels]. halves is scratch, aligned to 4, of
 * two bytes for each input rounded up to 4. */
CNNC_SHARED_KERNEL void cnnc_fully_connected_words_s8_dsp(
    const struct cnnc_fully_connected_words_s8_dsp_parameters *p, const int8_t *CNNC_RESTRICT input,
    const int8_t *CNNC_RESTRICT weights, const int32_t *CNNC_RESTRICT bias,
    const int32_t *CNNC_RESTRICT multipliers, const int8_t *CNNC_RESTRICT shifts,
    int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT halves) {
    const struct cnnc_channels_s8 channels = {weights, bias, multipliers, shifts};
    const struct cnnc_output_format_s8 format = {p->output_zero_point, p->minimum, p->maximum};
    const int32_t depth = cnnc_round_up_to_word(p->input_channels);
    uint32_t *const values = (uint32_t *)(void *)halves;
    for (int32_t row = 0; row < p->rows; ++row) {
        cnnc_expand_values(values, input + row * p->input_channels, p->input_channels);
        cnnc_channel_words_s8(&channels, &format, p->output_channels, depth, values,
                              output + row * p->output_channels);
    }
}

#endif

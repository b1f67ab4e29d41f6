/* SPDX-License-Identifier: MIT-0 */
/* One row of int8 values times constant int8 weights on Armv7E-M, by pairs of channels. */
#ifndef CNNC_FULLY_CONNECTED_PAIRS_S8_DSP_H
#define CNNC_FULLY_CONNECTED_PAIRS_S8_DSP_H

#include "cnnc_fixed_point.h"
#include "cnnc_row_pairs_dsp.h"

struct cnnc_fully_connected_pairs_s8_dsp_parameters {
    int32_t input_channels;
    int32_t output_channels;
    int32_t sign; /* of the exact formula */
    int32_t minimum;
    int32_t maximum;
};

/* output[o] = requantize(bias[o] + sum over i of weights[o][i] * input[i]).
 * blocks holds weights, biases and constants as cnnc_row_pairs_dsp.h describes; at least four
 * output channels. scratch is aligned to 4: two bytes for each input, rounded up to 8 inputs. */
CNNC_SHARED_KERNEL void
cnnc_fully_connected_pairs_s8_dsp(const struct cnnc_fully_connected_pairs_s8_dsp_parameters *p,
                                  const int8_t *CNNC_RESTRICT input,
                                  const int32_t *CNNC_RESTRICT blocks, int8_t *CNNC_RESTRICT output,
                                  int8_t *CNNC_RESTRICT scratch) {
    uint32_t *inputs = (uint32_t *)(void *)scratch;
    const int32_t units = p->input_channels >> 3;
    const int32_t rest = p->input_channels & 7;
    if (units > 0) {
        CNNC_EXPAND_ROW(inputs, input, units);
    }
    if (rest > 0) {
        int8_t last[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        cnnc_copy_bytes(last, input + 8 * units, rest);
        CNNC_EXPAND_ROW(inputs + 4 * units, last, 1);
    }
    CNNC_ROW_PAIRS(inputs, blocks, (p->input_channels + 7) & ~7, output, p->output_channels,
                   p->sign);
    if (p->minimum > -128 || p->maximum < 127) {
        for (int32_t channel = 0; channel < p->output_channels; ++channel) {
            output[channel] = cnnc_clamp_s8(output[channel], p->minimum, p->maximum);
        }
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* 3x3 convolution with stride 1 by Winograd F(4x4,3x3), exact in integers. */
#ifndef CNNC_CONV2D_WINOGRAD4_S8_DSP_H
#define CNNC_CONV2D_WINOGRAD4_S8_DSP_H

#include "cnnc_winograd4_dsp.h"
#include "cnnc_winograd_tiles_dsp.h"

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of w[o][tap][i] * pixel[i]).
 * weights int16 [output_channels / 4][position][input_channels / 2][4][2], the filter rows of
 * cnnc_winograd4_dsp.h times w times their transpose, channels in the order of winograd4_data;
 * channels [output_channels][4] of 36 bias (input zero point and the data's 128 folded in),
 * multiplier, offset, shift, see cnnc_winograd_scale; numbers of channels are rounded up to fours.
 * scratch: see cnnc_winograd_convolve. */
CNNC_KERNEL void cnnc_conv2d_winograd4_s8_dsp(const struct cnnc_winograd_parameters *p,
                                              const int8_t *CNNC_RESTRICT input,
                                              const int16_t *CNNC_RESTRICT weights,
                                              const int32_t *CNNC_RESTRICT channels,
                                              int8_t *CNNC_RESTRICT output,
                                              int8_t *CNNC_RESTRICT scratch) {
    static const struct cnnc_winograd_method method = {4, CNNC_SYMBOL(winograd4_data),
                                                       CNNC_SYMBOL(winograd4_outputs)};
    const struct cnnc_winograd_constants constants = {weights, channels};
    cnnc_winograd_convolve(p, &method, input, &constants, output, scratch);
}

#endif

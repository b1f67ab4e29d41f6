/* SPDX-License-Identifier: MIT-0 */
/* 3x3 convolution with stride 1 by Winograd F(2x2,3x3), exact in integers. */
#ifndef CNNC_CONV2D_WINOGRAD_S8_DSP_H
#define CNNC_CONV2D_WINOGRAD_S8_DSP_H

#include "cnnc_winograd2_dsp.h"
#include "cnnc_winograd_tiles_dsp.h"

/* output[b][r][c][o] = requantize(bias[o] + sum over taps and i of w[o][tap][i] * pixel[i]).
 * weights int16 [output_channels / 4][position][input_channels / 2][4][2], 2G w 2G^T, channels in
 * the order of winograd2_data; channels [output_channels][4] of 4 bias (input zero point folded
 * in), multiplier, offset, shift, see cnnc_winograd_scale; numbers of channels are rounded up to
 * fours. scratch: see cnnc_winograd_convolve. */
CNNC_KERNEL void cnnc_conv2d_winograd_s8_dsp(const struct cnnc_winograd_parameters *p,
                                             const int8_t *CNNC_RESTRICT input,
                                             const int16_t *CNNC_RESTRICT weights,
                                             const int32_t *CNNC_RESTRICT channels,
                                             int8_t *CNNC_RESTRICT output,
                                             int8_t *CNNC_RESTRICT scratch) {
    static const struct cnnc_winograd_method method = {2, CNNC_SYMBOL(winograd2_data),
                                                       CNNC_SYMBOL(winograd2_outputs)};
    const struct cnnc_winograd_constants constants = {weights, channels};
    cnnc_winograd_convolve(p, &method, input, &constants, output, scratch);
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolution by any taps, one filter per input channel, at least four channels. */
#ifndef CNNC_DEPTHWISE_CONV2D_WORDS_S8_DSP_H
#define CNNC_DEPTHWISE_CONV2D_WORDS_S8_DSP_H

#include "cnnc_dsp.h"

/* Most taps: pointers to their pixels are on the stack. */
#define CNNC_DEPTHWISE_CONV2D_WORDS_TAPS 64

struct cnnc_depthwise_conv2d_words_s8_dsp_parameters {
    int32_t batch;
    int32_t input_rows;
    int32_t input_cols;
    int32_t input_channels;
    int32_t output_rows;
    int32_t output_cols;
    int32_t kernel_rows;
    int32_t kernel_cols;
    int32_t stride_rows;
    int32_t stride_cols;
    int32_t dilation_rows;
    int32_t dilation_cols;
    int32_t pad_top;
    int32_t pad_left;
    int32_t input_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t sign; /* what rounding away from zero takes off negative sums */
};

/* Constant arrays: of taps, and of how sums become int8. */
struct cnnc_depthwise_conv2d_words_arrays {
    const int8_t *weights;
    const int32_t *channels;
};

/* How sums become int8, for all channels. */
struct cnnc_depthwise_conv2d_words_format {
    int32_t sign;
    int32_t minimum;
    int32_t maximum;
};

/* clamp((floor(sum * multiplier / 2^32) + constant - (sum < 0 ? sign : 0)) >> shift), where sum is
 * 2^8 products + bias, and the constant rounds and adds the zero point. channel holds bias,
 * multiplier, constant and shift. */
CNNC_KERNEL int8_t
cnnc_depthwise_conv2d_words_output(const struct cnnc_depthwise_conv2d_words_format *format,
                                   const int32_t *channel, int32_t products) {
    const int32_t sum = (int32_t)(((uint32_t)products << 8) + (uint32_t)channel[0]);
    const int32_t scaled = cnnc_smmla(sum, channel[1], channel[2]);
    const int32_t rounded = (scaled - (sum < 0 ? format->sign : 0)) >> channel[3];
    const int32_t raised = rounded < format->minimum ? format->minimum : rounded;
    return (int8_t)(raised > format->maximum ? format->maximum : raised);
}

/* Products of four channels at one tap; a word holds the four of a pixel or of the weights. */
CNNC_KERNEL void cnnc_depthwise_conv2d_words_tap(uint32_t pixel, uint32_t weights, int32_t *sums) {
    const uint32_t pixel_even = cnnc_sxtb16(pixel);
    const uint32_t pixel_odd = cnnc_sxtb16_odd(pixel);
    const uint32_t weights_even = cnnc_sxtb16(weights);
    const uint32_t weights_odd = cnnc_sxtb16_odd(weights);
    sums[0] += cnnc_low_half(pixel_even) * cnnc_low_half(weights_even);
    sums[1] += cnnc_low_half(pixel_odd) * cnnc_low_half(weights_odd);
    sums[2] += cnnc_high_half(pixel_even) * cnnc_high_half(weights_even);
    sums[3] += cnnc_high_half(pixel_odd) * cnnc_high_half(weights_odd);
}

/* Computes four channels of one output pixel; taps points at each tap's pixel. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_words_four(const struct cnnc_depthwise_conv2d_words_s8_dsp_parameters *p,
                                 const struct cnnc_depthwise_conv2d_words_arrays *arrays,
                                 const int8_t *const *taps, int32_t channel,
                                 int8_t *CNNC_RESTRICT output) {
    /* A copy: stores of int8 could change what is behind the pointer. */
    const struct cnnc_depthwise_conv2d_words_format format = {p->sign, p->minimum, p->maximum};
    const int8_t *weights = arrays->weights + channel;
    const int8_t *const *const end = taps + p->kernel_rows * p->kernel_cols;
    int32_t sums[4] = {0, 0, 0, 0};
    while (taps != end) {
        cnnc_depthwise_conv2d_words_tap(cnnc_load_word(*taps++ + channel), cnnc_load_word(weights),
                                        sums);
        weights += p->input_channels;
    }
    const int32_t *channels = arrays->channels + 4 * channel;
    output += channel;
    output[0] = cnnc_depthwise_conv2d_words_output(&format, channels, sums[0]);
    output[1] = cnnc_depthwise_conv2d_words_output(&format, channels + 4, sums[1]);
    output[2] = cnnc_depthwise_conv2d_words_output(&format, channels + 8, sums[2]);
    output[3] = cnnc_depthwise_conv2d_words_output(&format, channels + 12, sums[3]);
}

/* Points at the pixel under each tap, outside the image at one of zero points. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_words_point(const struct cnnc_depthwise_conv2d_words_s8_dsp_parameters *p,
                                  const int8_t *image, const int8_t *padding, int32_t first_row,
                                  int32_t first_col, const int8_t **taps) {
    for (int32_t tap_row = 0; tap_row < p->kernel_rows; ++tap_row) {
        const int32_t row = first_row + tap_row * p->dilation_rows;
        for (int32_t tap_col = 0; tap_col < p->kernel_cols; ++tap_col) {
            const int32_t col = first_col + tap_col * p->dilation_cols;
            const int inside = row >= 0 && row < p->input_rows && col >= 0 && col < p->input_cols;
            *taps++ = inside ? image + (row * p->input_cols + col) * p->input_channels : padding;
        }
    }
}

/* Computes all channels of one output pixel; the last four may overlap those before them. */
CNNC_KERNEL void
cnnc_depthwise_conv2d_words_pixel(const struct cnnc_depthwise_conv2d_words_s8_dsp_parameters *p,
                                  const struct cnnc_depthwise_conv2d_words_arrays *arrays,
                                  const int8_t *const *taps, int8_t *CNNC_RESTRICT output) {
    const int32_t last = p->input_channels - 4;
    for (int32_t channel = 0; channel < last; channel += 4) {
        cnnc_depthwise_conv2d_words_four(p, arrays, taps, channel, output);
    }
    cnnc_depthwise_conv2d_words_four(p, arrays, taps, last, output);
}

/* weights [kernel_row][kernel_col][input_channels]; channels [input_channels][4] as above, the
 * input zero point folded into the bias; at most 64 taps; scratch: a pixel. */
CNNC_SHARED_KERNEL void
cnnc_depthwise_conv2d_words_s8_dsp(const struct cnnc_depthwise_conv2d_words_s8_dsp_parameters *p,
                                   const int8_t *CNNC_RESTRICT input,
                                   const int8_t *CNNC_RESTRICT weights,
                                   const int32_t *CNNC_RESTRICT channels,
                                   int8_t *CNNC_RESTRICT output, int8_t *CNNC_RESTRICT scratch) {
    const struct cnnc_depthwise_conv2d_words_arrays arrays = {weights, channels};
    const int8_t *taps[CNNC_DEPTHWISE_CONV2D_WORDS_TAPS];
    for (int32_t i = 0; i < p->input_channels; ++i) {
        scratch[i] = (int8_t)p->input_zero_point;
    }
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            for (int32_t col = 0; col < p->output_cols; ++col) {
                cnnc_depthwise_conv2d_words_point(p, input, scratch,
                                                  row * p->stride_rows - p->pad_top,
                                                  col * p->stride_cols - p->pad_left, taps);
                cnnc_depthwise_conv2d_words_pixel(p, &arrays, taps, output);
                output += p->input_channels;
            }
        }
        input += p->input_rows * p->input_cols * p->input_channels;
    }
}

#endif

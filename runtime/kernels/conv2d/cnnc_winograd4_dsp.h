/* SPDX-License-Identifier: MIT-0 */
/* Data and output transforms of Winograd F(4x4,3x3): a tile of six by six pixels gives four by four
 * results. With (points 0, 1, -1, 2, -2 and infinity; Lavin and Gray, arXiv 1509.09308)
 *
 *     B^T = [4  0 -5  0 1 0;    filter rows [ 3 0  0;   A^T = [2 4  4 1  1 0;
 *            0 -4 -4  1 1 0;                 -1 -1 -1;         0 4 -4 2 -2 0;
 *            0  4 -4 -1 1 0;                 -1  1 -1;         0 4  4 4  4 0;
 *            0 -2 -1  2 1 0;                  1  2  4;         0 4 -4 8 -8 8]
 *            0  2 -1 -2 1 0;                  1 -2  4;
 *            0  4  0 -5 0 1]                  0  0  3]
 *
 * the result is 24 * 24 = 64 * 9 times the convolution. Modulo 2^32 that can be divided by 9, for 9
 * is odd: 64 times the accumulator, exactly, if that fits int32, whatever the sums before did. */
#ifndef CNNC_WINOGRAD4_DSP_H
#define CNNC_WINOGRAD4_DSP_H

#include "cnnc_winograd_products_dsp.h"
#include "cnnc_winograd_scale_dsp.h"

#if CNNC_HAS_SIMD32
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(winograd4_data)(const int8_t *pixels, uint32_t *data, int32_t row_stride,
                                 int32_t col_stride, int32_t chunks);
void CNNC_SYMBOL(winograd4_outputs)(const uint32_t *sums, const int32_t *channels, int8_t *output,
                                    const struct cnnc_winograd_store *store);
#ifdef __cplusplus
}
#endif
#else

/* One 1-D data transform of elements that are stride apart, in place. */
CNNC_KERNEL void cnnc_winograd4_transform(int32_t *d, int32_t stride) {
    const int32_t d1 = d[stride];
    const int32_t d2 = d[stride * 2];
    const int32_t d3 = d[stride * 3];
    const int32_t d4 = d[stride * 4];
    d[0] = 4 * d[0] - 5 * d2 + d4;
    d[stride] = d4 - 4 * d2 + (d3 - 4 * d1);
    d[stride * 2] = d4 - 4 * d2 - (d3 - 4 * d1);
    d[stride * 3] = d4 - d2 + 2 * (d3 - d1);
    d[stride * 4] = d4 - d2 - 2 * (d3 - d1);
    d[stride * 5] = 4 * d1 - 5 * d3 + d[stride * 5];
}

/* B^T d B of one channel of one tile, 128 added to each pixel; transformed has 36 elements. */
CNNC_KERNEL void cnnc_winograd4_channel(const int8_t *pixels, int32_t row_stride,
                                        int32_t col_stride, int32_t *transformed) {
    for (int32_t index = 0; index < 36; ++index) {
        transformed[index] = pixels[index / 6 * row_stride + index % 6 * col_stride] + 128;
    }
    for (int32_t col = 0; col < 6; ++col) {
        cnnc_winograd4_transform(transformed + col, 6);
    }
    for (int32_t row = 0; row < 6; ++row) {
        cnnc_winograd4_transform(transformed + row * 6, 1);
    }
}

/* data[position][chunk][pair][tile] = B^T (d + 128) B of two tiles, two channels to a word: pair 0
 * of a chunk of four channels holds channels 0 and 2, pair 1 channels 1 and 3. Strides in bytes. */
CNNC_SHARED_KERNEL void CNNC_SYMBOL(winograd4_data)(const int8_t *pixels, uint32_t *data,
                                                    int32_t row_stride, int32_t col_stride,
                                                    int32_t chunks) {
    int32_t low[36];
    int32_t high[36];
    for (int32_t entry = 0; entry < chunks * 4; ++entry) {
        const int32_t tile = entry % 2;
        const int32_t channel = entry / 4 * 4 + entry / 2 % 2;
        const int8_t *first = pixels + tile * 4 * col_stride + channel;
        cnnc_winograd4_channel(first, row_stride, col_stride, low);
        cnnc_winograd4_channel(first + 2, row_stride, col_stride, high);
        for (int32_t position = 0; position < 36; ++position) {
            data[position * chunks * 4 + entry] = cnnc_winograd_word(low[position], high[position]);
        }
    }
}

/* Rows of A^T, times m that are stride apart, without their common powers of two: 1, 2, 4, 4. */
CNNC_KERNEL void cnnc_winograd4_combine(const uint32_t *m, int32_t stride, uint32_t *combined) {
    const uint32_t sum_1 = m[stride] + m[stride * 2];
    const uint32_t difference_1 = m[stride] - m[stride * 2];
    const uint32_t sum_2 = m[stride * 3] + m[stride * 4];
    const uint32_t difference_2 = m[stride * 3] - m[stride * 4];
    combined[0] = 2U * m[0] + 4U * sum_1 + sum_2;
    combined[1] = 2U * difference_1 + difference_2;
    combined[2] = sum_1 + sum_2;
    combined[3] = difference_1 + 2U * difference_2 + 2U * m[stride * 5];
}

/* The 4 x 4 outputs of one tile: sums[position][tile][channel] starts at the tile's first sum, the
 * constants of a channel are 36 times its bias, multiplier, offset and shift. */
CNNC_SHARED_KERNEL void CNNC_SYMBOL(winograd4_outputs)(const uint32_t *sums,
                                                       const int32_t *channels, int8_t *output,
                                                       const struct cnnc_winograd_store *store) {
    static const uint32_t factors[4] = {1, 2, 4, 4};
    const uint32_t ninth = 0x38e38e39U;
    for (int32_t channel = 0; channel < store->count; ++channel) {
        const int32_t *constants = channels + channel * 4;
        uint32_t columns[6][4];
        for (int32_t col = 0; col < 6; ++col) {
            uint32_t m[6];
            for (int32_t row = 0; row < 6; ++row) {
                m[row] = sums[channel + (row * 6 + col) * 8];
            }
            m[1] += col == 1 ? (uint32_t)constants[0] : 0U;
            cnnc_winograd4_combine(m, 1, columns[col]);
        }
        for (int32_t row = 0; row < 4; ++row) {
            int8_t *q = output + channel + row * store->row_stride;
            uint32_t results[4];
            cnnc_winograd4_combine(columns[0] + row, 4, results);
            for (int32_t col = 0; col < 4; ++col) {
                const uint32_t sum = results[col] * (ninth * factors[row] * factors[col]);
                q[col * store->col_stride] =
                    cnnc_winograd_scale(sum, constants, store->ties_away * 32);
            }
        }
    }
}
#endif

#endif

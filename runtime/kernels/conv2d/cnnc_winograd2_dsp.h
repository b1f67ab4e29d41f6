/* SPDX-License-Identifier: MIT-0 */
/* Data and output transforms of Winograd F(2x2,3x3): a tile of four by four pixels gives two by
 * two results. With B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1], A^T = [1 1 1 0; 0 1 -1 -1] and
 * doubled filter rows 2G = [2 0 0; 1 1 1; 1 -1 1; 0 0 2] (Lavin and Gray, arXiv 1509.09308,
 * section 4.1), A^T ((2G g 2G^T) . (B^T d B)) A is four times the convolution, exactly. */
#ifndef CNNC_WINOGRAD2_DSP_H
#define CNNC_WINOGRAD2_DSP_H

#include "cnnc_winograd_products_dsp.h"
#include "cnnc_winograd_scale_dsp.h"

#if CNNC_HAS_SIMD32
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(winograd2_data)(const int8_t *pixels, uint32_t *data, int32_t row_stride,
                                 int32_t col_stride, int32_t chunks);
void CNNC_SYMBOL(winograd2_outputs)(const uint32_t *sums, const int32_t *channels, int8_t *output,
                                    const struct cnnc_winograd_store *store);
#ifdef __cplusplus
}
#endif
#else

/* One 1-D data transform of elements that are stride apart, in place. */
CNNC_KERNEL void cnnc_winograd2_transform(int32_t *d, int32_t stride) {
    const int32_t d1 = d[stride];
    const int32_t d2 = d[stride * 2];
    d[0] -= d2;
    d[stride] = d1 + d2;
    d[stride * 2] = d2 - d1;
    d[stride * 3] = d1 - d[stride * 3];
}

/* B^T d B of one channel of one tile; transformed has 16 elements. */
CNNC_KERNEL void cnnc_winograd2_channel(const int8_t *pixels, int32_t row_stride,
                                        int32_t col_stride, int32_t *transformed) {
    for (int32_t index = 0; index < 16; ++index) {
        transformed[index] = pixels[index / 4 * row_stride + index % 4 * col_stride];
    }
    for (int32_t col = 0; col < 4; ++col) {
        cnnc_winograd2_transform(transformed + col, 4);
    }
    for (int32_t row = 0; row < 4; ++row) {
        cnnc_winograd2_transform(transformed + row * 4, 1);
    }
}

/* data[position][chunk][pair][tile] = B^T d B of two tiles, two channels to a word: pair 0 of a
 * chunk of four channels holds channels 0 and 2, pair 1 channels 1 and 3. Strides in bytes. */
CNNC_SHARED_KERNEL void CNNC_SYMBOL(winograd2_data)(const int8_t *pixels, uint32_t *data,
                                                    int32_t row_stride, int32_t col_stride,
                                                    int32_t chunks) {
    int32_t low[16];
    int32_t high[16];
    for (int32_t entry = 0; entry < chunks * 4; ++entry) {
        const int32_t tile = entry % 2;
        const int32_t channel = entry / 4 * 4 + entry / 2 % 2;
        const int8_t *first = pixels + tile * 2 * col_stride + channel;
        cnnc_winograd2_channel(first, row_stride, col_stride, low);
        cnnc_winograd2_channel(first + 2, row_stride, col_stride, high);
        for (int32_t position = 0; position < 16; ++position) {
            data[position * chunks * 4 + entry] = cnnc_winograd_word(low[position], high[position]);
        }
    }
}

/* The 2 x 2 outputs of one tile: sums[position][tile][channel] starts at the tile's first sum, the
 * constants of a channel are four times its bias, multiplier, offset and shift. */
CNNC_SHARED_KERNEL void CNNC_SYMBOL(winograd2_outputs)(const uint32_t *sums,
                                                       const int32_t *channels, int8_t *output,
                                                       const struct cnnc_winograd_store *store) {
    for (int32_t channel = 0; channel < store->count; ++channel) {
        const int32_t *constants = channels + channel * 4;
        uint32_t rows[2][4];
        for (int32_t col = 0; col < 4; ++col) {
            const uint32_t *m = sums + channel + col * 8;
            const uint32_t m1 = m[32] + (col == 1 ? (uint32_t)constants[0] : 0U);
            rows[0][col] = m[0] + m1 + m[64];
            rows[1][col] = m1 - m[64] - m[96];
        }
        for (int32_t row = 0; row < 2; ++row) {
            const uint32_t *a = rows[row];
            int8_t *q = output + channel + row * store->row_stride;
            q[0] = cnnc_winograd_scale(a[0] + a[1] + a[2], constants, store->ties_away * 2);
            q[store->col_stride] =
                cnnc_winograd_scale(a[1] - a[2] - a[3], constants, store->ties_away * 2);
        }
    }
}
#endif

#endif

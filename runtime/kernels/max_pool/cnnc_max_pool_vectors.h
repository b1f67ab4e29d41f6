/* SPDX-License-Identifier: MIT-0 */
/* Maximum over a sliding window of at least eight channels, sixteen at a time where there are so
 * many; the last block of channels may overlap those before it. */
#ifndef CNNC_MAX_POOL_VECTORS_H
#define CNNC_MAX_POOL_VECTORS_H

#include "cnnc_bytes_16.h"
#include "cnnc_max_pool_s8.h"

/* How to walk over the taps of a window. */
struct cnnc_max_pool_taps {
    int32_t rows;
    int32_t cols;
    int32_t row_step; /* bytes */
    int32_t col_step;
};

/* 32 channels of a whole window, whose taps are constants. */
CNNC_KERNEL void cnnc_max_pool_whole_32(struct cnnc_max_pool_taps taps,
                                        const int8_t *CNNC_RESTRICT first,
                                        int8_t *CNNC_RESTRICT output) {
    cnnc_bytes_16 low = cnnc_load_16(first);
    cnnc_bytes_16 high = cnnc_load_16(first + 16);
    CNNC_UNROLL(8)
    for (int32_t row = 0; row < taps.rows; ++row) {
        CNNC_UNROLL(8)
        for (int32_t col = row == 0 ? 1 : 0; col < taps.cols; ++col) {
            const int8_t *tap = first + row * taps.row_step + col * taps.col_step;
            low = cnnc_greater_16(low, cnnc_load_16(tap));
            high = cnnc_greater_16(high, cnnc_load_16(tap + 16));
        }
    }
    cnnc_store_16(output, low);
    cnnc_store_16(output + 16, high);
}

/* The same of 16 channels. */
CNNC_KERNEL void cnnc_max_pool_whole_16(struct cnnc_max_pool_taps taps,
                                        const int8_t *CNNC_RESTRICT first,
                                        int8_t *CNNC_RESTRICT output) {
    cnnc_bytes_16 greatest = cnnc_load_16(first);
    CNNC_UNROLL(8)
    for (int32_t row = 0; row < taps.rows; ++row) {
        CNNC_UNROLL(8)
        for (int32_t col = row == 0 ? 1 : 0; col < taps.cols; ++col) {
            const int8_t *tap = first + row * taps.row_step + col * taps.col_step;
            greatest = cnnc_greater_16(greatest, cnnc_load_16(tap));
        }
    }
    cnnc_store_16(output, greatest);
}

/* 16 channels of any window. */
CNNC_KERNEL void cnnc_max_pool_any_16(struct cnnc_max_pool_taps taps,
                                      const int8_t *CNNC_RESTRICT first,
                                      int8_t *CNNC_RESTRICT output) {
    cnnc_bytes_16 greatest = cnnc_load_16(first);
    for (int32_t row = 0; row < taps.rows; ++row) {
        const int8_t *tap = first + row * taps.row_step;
        for (int32_t col = 0; col < taps.cols; ++col) {
            greatest = cnnc_greater_16(greatest, cnnc_load_16(tap));
            tap += taps.col_step;
        }
    }
    cnnc_store_16(output, greatest);
}

/* 8 channels of any window. */
CNNC_KERNEL void cnnc_max_pool_any_8(struct cnnc_max_pool_taps taps,
                                     const int8_t *CNNC_RESTRICT first,
                                     int8_t *CNNC_RESTRICT output) {
    cnnc_bytes_16 greatest = cnnc_load_8(first);
    for (int32_t row = 0; row < taps.rows; ++row) {
        const int8_t *tap = first + row * taps.row_step;
        for (int32_t col = 0; col < taps.cols; ++col) {
            greatest = cnnc_greater_16(greatest, cnnc_load_8(tap));
            tap += taps.col_step;
        }
    }
    cnnc_store_8(output, greatest);
}

CNNC_KERNEL void cnnc_max_pool_whole_pixel(int32_t channels, struct cnnc_max_pool_taps taps,
                                           const int8_t *CNNC_RESTRICT first,
                                           int8_t *CNNC_RESTRICT output) {
    const int32_t blocks = channels - channels % 32;
    for (int32_t channel = 0; channel < blocks; channel += 32) {
        cnnc_max_pool_whole_32(taps, first + channel, output + channel);
    }
    if (channels - blocks > 16) {
        cnnc_max_pool_whole_16(taps, first + blocks, output + blocks);
    }
    if (channels > blocks) {
        cnnc_max_pool_whole_16(taps, first + channels - 16, output + channels - 16);
    }
}

CNNC_KERNEL void cnnc_max_pool_any_pixel(int32_t channels, struct cnnc_max_pool_taps taps,
                                         const int8_t *CNNC_RESTRICT first,
                                         int8_t *CNNC_RESTRICT output) {
    if (channels < 16) {
        cnnc_max_pool_any_8(taps, first, output);
        cnnc_max_pool_any_8(taps, first + channels - 8, output + channels - 8);
        return;
    }
    for (int32_t i = 0; i < channels; i += 16) {
        const int32_t channel = i < channels - 16 ? i : channels - 16;
        cnnc_max_pool_any_16(taps, first + channel, output + channel);
    }
}

/* input: [batch][input_rows][input_cols][channels], output: [batch][output_rows][output_cols]
 * [channels]. */
CNNC_KERNEL void cnnc_max_pool_vectors(const struct cnnc_max_pool_s8_parameters *p,
                                       const int8_t *CNNC_RESTRICT input,
                                       int8_t *CNNC_RESTRICT output) {
    struct cnnc_max_pool_taps taps = {p->kernel_rows, p->kernel_cols,
                                      p->dilation_rows * p->input_cols * p->channels,
                                      p->dilation_cols * p->channels};
    const struct cnnc_max_pool_taps whole = taps;
    for (int32_t batch = 0; batch < p->batch; ++batch) {
        for (int32_t row = 0; row < p->output_rows; ++row) {
            for (int32_t col = 0; col < p->output_cols; ++col) {
                const struct cnnc_max_pool_window window =
                    cnnc_max_pool_window_at(p, input, row, col);
                taps.rows = window.row_taps;
                taps.cols = window.col_taps;
                if (p->channels >= 16 && taps.rows == whole.rows && taps.cols == whole.cols) {
                    cnnc_max_pool_whole_pixel(p->channels, whole, window.first, output);
                } else {
                    cnnc_max_pool_any_pixel(p->channels, taps, window.first, output);
                }
                output += p->channels;
            }
        }
        input += p->input_rows * p->input_cols * p->channels;
    }
}

#endif

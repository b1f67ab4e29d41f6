/* SPDX-License-Identifier: MIT-0 */
/* Rows of 16-bit numbers times packed weights with AVX2, requantized: tiles of up to 6 rows by 16
 * channels, whose 12 vectors of sums stay in registers. */
#ifndef CNNC_TILES_AVX2_H
#define CNNC_TILES_AVX2_H

#include "cnnc_avx2.h"

/* Constants of 8 channels lie behind each other: what their sums start with, multipliers, shifts.
 */
#define CNNC_CHANNELS_AVX2 8
#define CNNC_MULTIPLIERS_AVX2 8
#define CNNC_SHIFTS_AVX2 16
#define CNNC_BLOCK_AVX2 24

/* What all tiles of a layer have in common. The products of a sum lie in segments, each in one run
 * of memory: the pixels under one row of a convolution's kernel, or under one tap of it. */
struct cnnc_tiles_avx2 {
    int32_t pairs;        /* Products of a segment, in twos. */
    int32_t segments;     /* Of a group. */
    int32_t segment_step; /* From one segment to the next. */
    int32_t groups;
    int32_t group_step; /* From one group of segments to the next. */
    int32_t row_step;   /* From one row of a tile to the next. */
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
};

/* Constants where they are used, on their own so that compilers see that. */
struct cnnc_tile_size_avx2 {
    int32_t rows;    /* 1 to 6. */
    int32_t vectors; /* 1 or 2 times 8 channels, fewer in the last block. */
};

/* Lines of rows, each of which is computed by tiles; the last tile may overlap the one before. */
struct cnnc_lines_avx2 {
    int32_t lines;
    int32_t line_step; /* From one line to the next. */
    int32_t rows;      /* Of a line, as many as a tile's or more. */
};

/* Bytes of the weights of a block, by its vectors. */
CNNC_KERNEL ptrdiff_t cnnc_block_bytes_avx2(const struct cnnc_tiles_avx2 *p, int32_t vectors) {
    return (ptrdiff_t)(16 * vectors) * (p->groups * p->segments * p->pairs);
}

#if CNNC_HAS_AVX2

CNNC_KERNEL __m256i cnnc_load_avx2(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }

/* 16 bytes as 16-bit numbers. */
CNNC_KERNEL __m256i cnnc_load_wide_avx2(const void *p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
}

/* Two numbers, eight times. */
CNNC_KERNEL __m256i cnnc_repeat_pair_avx2(const int16_t *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return _mm256_set1_epi32(pair);
}

CNNC_KERNEL __m256i cnnc_dot_avx2(__m256i sums, __m256i values, __m256i weights) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(values, weights));
}

CNNC_KERNEL __m256i cnnc_rescale_block_avx2(__m256i sums, const int32_t *block) {
    return cnnc_rescale_avx2(sums, cnnc_load_avx2(block + CNNC_MULTIPLIERS_AVX2),
                             cnnc_load_avx2(block + CNNC_SHIFTS_AVX2));
}

/* Stores count of the bytes that vectors times 8 scaled sums become. The sums of channel n of a
 * block are in vector n / 4 % vectors, at place n / (4 * vectors) * 4 + n % 4: where packing leaves
 * the channels in order. */
CNNC_KERNEL void cnnc_store_sums_avx2(const struct cnnc_tiles_avx2 *p, int32_t vectors, __m256i a,
                                      __m256i b, int32_t count, int8_t *output) {
    const __m256i zero_point = _mm256_set1_epi16((int16_t)p->output_zero_point);
    const __m256i words = _mm256_adds_epi16(_mm256_packs_epi32(a, b), zero_point);
    const __m256i packed = _mm256_packs_epi16(words, words);
    /* One vector has four bytes in each half, two have eight. */
    const __m256i order = vectors > 1 ? _mm256_setr_epi32(0, 1, 4, 5, 0, 1, 4, 5)
                                      : _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4);
    const __m128i bytes = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(packed, order));
    const __m128i clamped = _mm_min_epi8(_mm_max_epi8(bytes, _mm_set1_epi8((char)p->minimum)),
                                         _mm_set1_epi8((char)p->maximum));
    if (count == 16) {
        _mm_storeu_si128((__m128i *)(void *)output, clamped);
    } else if (count == 8) {
        _mm_storel_epi64((__m128i *)(void *)output, clamped);
    } else {
        int8_t some[16];
        _mm_storeu_si128((__m128i *)(void *)some, clamped);
        memcpy(output, some, (size_t)count);
    }
}

/* Rows are written out by a macro: compilers keep an array in registers only where its indices are
 * numbers. rows and vectors are constants where these are used, and drop what is not there. */
#define CNNC_EACH_ROW_AVX2(ROW) ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5)

#define CNNC_START_ROW_AVX2(r)                                       \
    if (rows > (r)) {                                                \
        sums[r][0] = cnnc_load_avx2(channels);                       \
        if (vectors > 1) {                                           \
            sums[r][1] = cnnc_load_avx2(channels + CNNC_BLOCK_AVX2); \
        }                                                            \
    }

#define CNNC_ADD_ROW_AVX2(r)                                                              \
    if (rows > (r)) {                                                                     \
        const __m256i pair = cnnc_repeat_pair_avx2(thirds[(r) / 3] + (r) % 3 * row_step); \
        sums[r][0] = cnnc_dot_avx2(sums[r][0], pair, w0);                                 \
        if (vectors > 1) {                                                                \
            sums[r][1] = cnnc_dot_avx2(sums[r][1], pair, w1);                             \
        }                                                                                 \
    }

#define CNNC_FINISH_ROW_AVX2(r)                                                                \
    if (rows > (r)) {                                                                          \
        const __m256i a = cnnc_rescale_block_avx2(sums[r][0], channels);                       \
        const __m256i b =                                                                      \
            vectors > 1 ? cnnc_rescale_block_avx2(sums[r][1], channels + CNNC_BLOCK_AVX2) : a; \
        cnnc_store_sums_avx2(p, vectors, a, b, count, output);                                 \
        output += p->output_channels;                                                          \
    }

/* Computes count channels of a block for some rows. */
CNNC_KERNEL void cnnc_tile_avx2(const struct cnnc_tiles_avx2 *p, int32_t rows, int32_t vectors,
                                const int16_t *values, const int8_t *weights,
                                const int32_t *channels, int32_t count, int8_t *output) {
    const ptrdiff_t row_step = p->row_step;
    const ptrdiff_t run_bytes = (ptrdiff_t)(16 * vectors) * p->pairs;
    const int32_t segments = p->segments;
    const int8_t *const end = weights + cnnc_block_bytes_avx2(p, vectors);
    int32_t left = segments;
    const int16_t *segment = values;
    __m256i sums[6][2];
    CNNC_EACH_ROW_AVX2(CNNC_START_ROW_AVX2)
    while (weights != end) {
        const int8_t *const run_end = weights + run_bytes;
        const int16_t *thirds[2] = {segment, segment + (rows > 3 ? 3 : 0) * row_step};
        do {
            const __m256i w0 = cnnc_load_wide_avx2(weights);
            const __m256i w1 = vectors > 1 ? cnnc_load_wide_avx2(weights + 16) : w0;
            CNNC_EACH_ROW_AVX2(CNNC_ADD_ROW_AVX2)
            weights += 16 * vectors;
            thirds[0] += 2;
            thirds[1] += 2;
        } while (weights != run_end);
        segment += p->segment_step;
        if (--left == 0) {
            left = segments;
            values += p->group_step;
            segment = values;
        }
    }
    CNNC_EACH_ROW_AVX2(CNNC_FINISH_ROW_AVX2)
}

/* The tiles of each size are one function for all layers. */
#define CNNC_TILE_AVX2(rows, vectors)                                                  \
    CNNC_SHARED_KERNEL void cnnc_tile_##rows##x##vectors##_avx2(                       \
        const struct cnnc_tiles_avx2 *p, const int16_t *values, const int8_t *weights, \
        const int32_t *channels, int32_t count, int8_t *output) {                      \
        cnnc_tile_avx2(p, rows, vectors, values, weights, channels, count, output);    \
    }

CNNC_TILE_AVX2(1, 1)
CNNC_TILE_AVX2(2, 1)
CNNC_TILE_AVX2(3, 1)
CNNC_TILE_AVX2(4, 1)
CNNC_TILE_AVX2(5, 1)
CNNC_TILE_AVX2(6, 1)
CNNC_TILE_AVX2(1, 2)
CNNC_TILE_AVX2(2, 2)
CNNC_TILE_AVX2(3, 2)
CNNC_TILE_AVX2(4, 2)
CNNC_TILE_AVX2(5, 2)
CNNC_TILE_AVX2(6, 2)

#define CNNC_CALL_TILE_AVX2(rows, vectors)                                                \
    case rows:                                                                            \
        cnnc_tile_##rows##x##vectors##_avx2(p, values, weights, channels, count, output); \
        break;

#define CNNC_CALL_TILES_AVX2(vectors) \
    CNNC_CALL_TILE_AVX2(1, vectors)   \
    CNNC_CALL_TILE_AVX2(2, vectors)   \
    CNNC_CALL_TILE_AVX2(3, vectors)   \
    CNNC_CALL_TILE_AVX2(4, vectors)   \
    CNNC_CALL_TILE_AVX2(5, vectors)   \
    CNNC_CALL_TILE_AVX2(6, vectors)   \
    default:                          \
        break;

/* One tile; all but one call is dropped where that is a constant. */
CNNC_KERNEL void cnnc_any_tile_avx2(const struct cnnc_tiles_avx2 *p, int32_t tile_rows,
                                    int32_t vectors, const int16_t *values, const int8_t *weights,
                                    const int32_t *channels, int32_t count, int8_t *output) {
    if (vectors == 1) {
        switch (tile_rows) { CNNC_CALL_TILES_AVX2(1) }
    } else {
        switch (tile_rows) { CNNC_CALL_TILES_AVX2(2) }
    }
}

#else

/* Adds the products of a row and a channel, whose pairs of weights are pair_bytes apart. */
CNNC_KERNEL int32_t cnnc_sum_of_products_avx2(const struct cnnc_tiles_avx2 *p, int32_t sum,
                                              const int16_t *values, const int8_t *weights,
                                              int32_t pair_bytes) {
    for (int32_t segment = 0; segment < p->groups * p->segments; ++segment) {
        const int16_t *const run = values + segment / p->segments * p->group_step +
                                   segment % p->segments * p->segment_step;
        for (int32_t index = 0; index < 2 * p->pairs; ++index) {
            sum += weights[index / 2 * pair_bytes + index % 2] * run[index];
        }
        weights += p->pairs * pair_bytes;
    }
    return sum;
}

/* The same sums one by one. */
CNNC_KERNEL void cnnc_any_tile_avx2(const struct cnnc_tiles_avx2 *p, int32_t tile_rows,
                                    int32_t vectors, const int16_t *values, const int8_t *weights,
                                    const int32_t *channels, int32_t count, int8_t *output) {
    for (int32_t row = 0; row < tile_rows; ++row) {
        for (int32_t channel = 0; channel < count; ++channel) {
            const int32_t vector = channel / 4 % vectors;
            const int32_t place = channel / (4 * vectors) * 4 + channel % 4;
            const int32_t *const constants = channels + CNNC_BLOCK_AVX2 * vector + place;
            const int32_t sum =
                cnnc_sum_of_products_avx2(p, constants[0], values + row * p->row_step,
                                          weights + 16 * vector + 2 * place, 16 * vectors);
            output[row * p->output_channels + channel] = cnnc_requantize_s8(
                sum, constants[CNNC_MULTIPLIERS_AVX2], constants[CNNC_SHIFTS_AVX2],
                p->output_zero_point, p->minimum, p->maximum);
        }
    }
}

#endif

/* Computes count channels of a block for all lines. */
CNNC_KERNEL void cnnc_tile_column_avx2(const struct cnnc_tiles_avx2 *p,
                                       const struct cnnc_lines_avx2 *lines, int32_t tile_rows,
                                       int32_t vectors, const int16_t *values,
                                       const int8_t *weights, const int32_t *channels,
                                       int32_t count, int8_t *output) {
    for (int32_t line = 0; line < lines->lines; ++line) {
        for (int32_t row = 0; row < lines->rows; row += tile_rows) {
            const int32_t first = row + tile_rows <= lines->rows ? row : lines->rows - tile_rows;
            cnnc_any_tile_avx2(p, tile_rows, vectors, values + first * p->row_step, weights,
                               channels, count, output + first * p->output_channels);
        }
        values += lines->line_step;
        output += lines->rows * p->output_channels;
    }
}

/* output[line][row][o] = requantize(bias[o] + sum over k of weights[o][k] * value[k]). weights
 * [block][group][segment][pair][channel][2] with channels in the order of cnnc_store_sums_avx2,
 * channels [8 channels] blocks of constants. */
CNNC_KERNEL void cnnc_run_tiles_avx2(const struct cnnc_tiles_avx2 *p,
                                     const struct cnnc_tile_size_avx2 *size,
                                     const struct cnnc_lines_avx2 *lines, const int16_t *values,
                                     const int8_t *weights, const int32_t *channels,
                                     int8_t *output) {
    const int32_t block = CNNC_CHANNELS_AVX2 * size->vectors;
    const int32_t whole = p->output_channels / block * block;
    const int32_t left = p->output_channels - whole;
    for (int32_t channel = 0; channel < whole; channel += block) {
        cnnc_tile_column_avx2(p, lines, size->rows, size->vectors, values, weights, channels, block,
                              output + channel);
        weights += cnnc_block_bytes_avx2(p, size->vectors);
        channels += CNNC_BLOCK_AVX2 * size->vectors;
    }
    if (left > 0) {
        cnnc_tile_column_avx2(p, lines, size->rows, left <= CNNC_CHANNELS_AVX2 ? 1 : size->vectors,
                              values, weights, channels, left, output + whole);
    }
}

/* Bytes as 16-bit numbers. */
CNNC_KERNEL void cnnc_widen_bytes_avx2(int16_t *to, const int8_t *from, int32_t count) {
    int32_t done = 0;
#if CNNC_HAS_AVX2
    for (; done + 16 <= count; done += 16) {
        _mm256_storeu_si256((__m256i *)(void *)(to + done), cnnc_load_wide_avx2(from + done));
    }
#endif
    for (; done < count; ++done) {
        to[done] = from[done];
    }
}

#endif

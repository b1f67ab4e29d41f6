/* SPDX-License-Identifier: MIT-0 */
/* Rows of bytes times packed weights with AVX-512 VNNI, requantized: tiles of up to 12 rows by 32
 * channels or 6 rows by 64, whose 24 vectors of sums stay in registers. An instruction multiplies
 * unsigned by signed bytes: rows hold x + 128, and what that adds is taken from the bias. */
#ifndef CNNC_TILES_AVX512VNNI_H
#define CNNC_TILES_AVX512VNNI_H

#include "cnnc_avx512.h"

#define CNNC_FLIP_AVX512 0x80

/* What all tiles of a layer have in common. The products of a sum lie in segments, each in one run
 * of memory: the pixels under one row of a convolution's kernel, or under one tap of it. */
struct cnnc_tiles_avx512vnni {
    int32_t quads;         /* Products of a segment, in fours. */
    int32_t segments;      /* Of a group. */
    int32_t segment_bytes; /* From one segment to the next. */
    int32_t groups;
    int32_t group_bytes; /* From one group of segments to the next. */
    int32_t row_bytes;   /* From one row of a tile to the next. */
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t is_real; /* How sums are scaled: 0 as integers, 1 by cnnc_rescale_real_avx512, 2 by
                        cnnc_rescale_short_avx512, 3 as 2 where all negative sums end at the lower
                        clamp, so that their sign does not matter. */
};

/* Constants where they are used, on their own so that compilers see that. */
struct cnnc_tile_size_avx512 {
    int32_t rows;    /* 1 to 12, 1 to 6 with four vectors. */
    int32_t vectors; /* 1, 2 or 4 times 16 channels, fewer in the last block. */
};

/* Vectors of a block of channels where so many are left. */
CNNC_KERNEL int32_t cnnc_block_vectors_avx512(int32_t tile_vectors, int32_t channels) {
    if (channels <= CNNC_CHANNELS_AVX512) {
        return 1;
    }
    return channels <= 2 * CNNC_CHANNELS_AVX512 && tile_vectors > 2 ? 2 : tile_vectors;
}

/* Bytes of the weights of a block, by its vectors. */
CNNC_KERNEL ptrdiff_t cnnc_block_bytes_avx512(const struct cnnc_tiles_avx512vnni *p,
                                              int32_t vectors) {
    return (ptrdiff_t)(64 * vectors) * (p->groups * p->segments * p->quads);
}

#if CNNC_HAS_AVX512VNNI

/* Adds the products of 64 unsigned and signed bytes to 16 sums, four to each. */
CNNC_KERNEL __m512i cnnc_dot_avx512(__m512i sums, __m512i values, __m512i weights) {
#if defined(__GNUC__) && !defined(__clang__)
    /* GCC 12 copies sums that its own function adds to, and runs out of registers. */
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(values), "v"(weights));
    return sums;
#else
    return _mm512_dpbusd_epi32(sums, values, weights);
#endif
}

CNNC_KERNEL __m512i cnnc_load_avx512(const void *p) { return _mm512_loadu_si512(p); }

/* Four bytes, sixteen times. */
CNNC_KERNEL __m512i cnnc_repeat_quad_avx512(const uint8_t *p) {
    int32_t quad;
    memcpy(&quad, p, sizeof quad);
    return _mm512_set1_epi32(quad);
}

/* 16 sums scaled by the constants of their channels, by real numbers or by integers. */
CNNC_KERNEL __m512i cnnc_scale_real_avx512(__m512i sums, const int32_t *block) {
    return cnnc_rescale_block_avx512(sums, block, 1);
}

CNNC_KERNEL __m512i cnnc_scale_short_avx512(__m512i sums, const int32_t *block) {
    const __m512 offset = _mm512_loadu_ps((const void *)(block + CNNC_OFFSET_AVX512));
    return cnnc_rescale_short_avx512(sums,
                                     _mm512_loadu_ps((const void *)(block + CNNC_HIGH_AVX512)),
                                     cnnc_signed_avx512(sums, offset));
}

CNNC_KERNEL __m512i cnnc_scale_positive_avx512(__m512i sums, const int32_t *block) {
    return cnnc_rescale_short_avx512(sums,
                                     _mm512_loadu_ps((const void *)(block + CNNC_HIGH_AVX512)),
                                     _mm512_loadu_ps((const void *)(block + CNNC_OFFSET_AVX512)));
}

CNNC_SHARED_KERNEL __m512i cnnc_scale_integer_avx512(__m512i sums, const int32_t *block) {
    return cnnc_rescale_block_avx512(sums, block, 0);
}

/* 64 scaled sums with the zero point as bytes, clamped: four of each vector in turns. */
CNNC_KERNEL __m512i cnnc_pack_sums_avx512(const struct cnnc_tiles_avx512vnni *p, __m512i a,
                                          __m512i b, __m512i c, __m512i d) {
    const __m512i zero_point = _mm512_set1_epi16((int16_t)p->output_zero_point);
    const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero_point);
    const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero_point);
    const __m512i bytes =
        _mm512_max_epi8(_mm512_packs_epi16(low, high), _mm512_set1_epi8((char)p->minimum));
    return _mm512_min_epi8(bytes, _mm512_set1_epi8((char)p->maximum));
}

/* Stores count bytes of some rows of 16 channels each. */
CNNC_KERNEL void cnnc_store_quarters_avx512(__m512i bytes, int32_t rows, int32_t step,
                                            int32_t count, int8_t *output) {
    const __mmask16 mask = (__mmask16)(0xFFFF >> (16 - count));
    if (rows == 4 && step == 16) {
        _mm512_storeu_si512(output, bytes);
        return;
    }
    _mm_mask_storeu_epi8(output, mask, _mm512_castsi512_si128(bytes));
    if (rows > 1) {
        _mm_mask_storeu_epi8(output + step, mask, _mm512_extracti32x4_epi32(bytes, 1));
    }
    if (rows > 2) {
        _mm_mask_storeu_epi8(output + 2 * (ptrdiff_t)step, mask,
                             _mm512_extracti32x4_epi32(bytes, 2));
    }
    if (rows > 3) {
        _mm_mask_storeu_epi8(output + 3 * (ptrdiff_t)step, mask,
                             _mm512_extracti32x4_epi32(bytes, 3));
    }
}

/* Stores count bytes of one or two rows of 32 channels each. */
CNNC_KERNEL void cnnc_store_halves_avx512(__m512i bytes, int32_t rows, int32_t step, int32_t count,
                                          int8_t *output) {
    const __mmask32 mask = ~(__mmask32)0 >> (32 - count);
    if (rows == 2 && step == 32) {
        _mm512_storeu_si512(output, bytes);
        return;
    }
    _mm256_mask_storeu_epi8(output, mask, _mm512_castsi512_si256(bytes));
    if (rows > 1) {
        _mm256_mask_storeu_epi8(output + step, mask, _mm512_extracti64x4_epi64(bytes, 1));
    }
}

/* Stores count of the bytes that four vectors of scaled sums become: 4 / vectors rows, or as many
 * as rows says. The sums of channel n of a block are in vector n / 4 % vectors, at place n / (4 *
 * vectors) * 4 + n % 4: where packing leaves the channels in order. */
CNNC_KERNEL void cnnc_store_sums_avx512(const struct cnnc_tiles_avx512vnni *p, int32_t vectors,
                                        __m512i packed, int32_t rows, int32_t count,
                                        int8_t *output) {
    const __m512i quarters =
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i halves = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    if (vectors == 4) {
        _mm512_mask_storeu_epi8(output, ~(__mmask64)0 >> (64 - count), packed);
    } else if (vectors == 2) {
        cnnc_store_halves_avx512(_mm512_permutexvar_epi64(halves, packed), rows, p->output_channels,
                                 count, output);
    } else {
        cnnc_store_quarters_avx512(_mm512_permutexvar_epi32(quarters, packed), rows,
                                   p->output_channels, count, output);
    }
}

/* Rows are written out by a macro: compilers keep an array in registers only where its indices are
 * numbers. rows and vectors are constants where these are used, and drop what is not there. */
#define CNNC_EACH_ROW_AVX512(ROW) \
    ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11)

#define CNNC_START_ROW_AVX512(r)                                             \
    if (rows > (r)) {                                                        \
        sums[r][0] = cnnc_load_avx512(channels);                             \
        if (vectors > 1) {                                                   \
            sums[r][1] = cnnc_load_avx512(channels + CNNC_BLOCK_AVX512);     \
        }                                                                    \
        if (vectors > 2) {                                                   \
            sums[r][2] = cnnc_load_avx512(channels + 2 * CNNC_BLOCK_AVX512); \
            sums[r][3] = cnnc_load_avx512(channels + 3 * CNNC_BLOCK_AVX512); \
        }                                                                    \
    }

#define CNNC_ADD_ROW_AVX512(r)                                                               \
    if (rows > (r)) {                                                                        \
        const __m512i quad = cnnc_repeat_quad_avx512(thirds[(r) / 3] + (r) % 3 * row_bytes); \
        sums[r][0] = cnnc_dot_avx512(sums[r][0], quad, w0);                                  \
        if (vectors > 1) {                                                                   \
            sums[r][1] = cnnc_dot_avx512(sums[r][1], quad, w1);                              \
        }                                                                                    \
        if (vectors > 2) {                                                                   \
            sums[r][2] = cnnc_dot_avx512(sums[r][2], quad, w2);                              \
            sums[r][3] = cnnc_dot_avx512(sums[r][3], quad, w3);                              \
        }                                                                                    \
    }

/* Scaled sums number i of the four vectors from row r on; those of a row that is not there do not
 * matter. */
#define CNNC_PICK_AVX512(r, i, SCALE)                                                  \
    (vectors == 4   ? SCALE(sums[r][i], channels + CNNC_BLOCK_AVX512 * (i))            \
     : vectors == 2 ? SCALE(sums[rows > (r) + (i) / 2 ? (r) + (i) / 2 : (r)][(i) % 2], \
                            channels + CNNC_BLOCK_AVX512 * ((i) % 2))                  \
                    : SCALE(sums[rows > (r) + (i) ? (r) + (i) : (r)][0], channels))

/* Four vectors from row r on, if a group of as many begins there. */
#define CNNC_FINISH_ROWS_AVX512(r, SCALE)                                                          \
    if (rows > (r) && (r) * vectors % 4 == 0) {                                                    \
        const int32_t group = 4 / vectors;                                                         \
        const __m512i packed =                                                                     \
            cnnc_pack_sums_avx512(p, CNNC_PICK_AVX512(r, 0, SCALE), CNNC_PICK_AVX512(r, 1, SCALE), \
                                  CNNC_PICK_AVX512(r, 2, SCALE), CNNC_PICK_AVX512(r, 3, SCALE));   \
        cnnc_store_sums_avx512(p, vectors, packed, rows - (r) < group ? rows - (r) : group, count, \
                               output + (ptrdiff_t)(r) * p->output_channels);                      \
    }

#define CNNC_FINISH_REAL_ROWS_AVX512(r) CNNC_FINISH_ROWS_AVX512(r, cnnc_scale_real_avx512)
#define CNNC_FINISH_SHORT_ROWS_AVX512(r) CNNC_FINISH_ROWS_AVX512(r, cnnc_scale_short_avx512)
#define CNNC_FINISH_POSITIVE_ROWS_AVX512(r) CNNC_FINISH_ROWS_AVX512(r, cnnc_scale_positive_avx512)
#define CNNC_FINISH_INTEGER_ROWS_AVX512(r) CNNC_FINISH_ROWS_AVX512(r, cnnc_scale_integer_avx512)

/* Computes count channels of a block for some rows. */
CNNC_KERNEL void cnnc_tile_avx512vnni(const struct cnnc_tiles_avx512vnni *p, int32_t rows,
                                      int32_t vectors, const uint8_t *values, const int8_t *weights,
                                      const int32_t *channels, int32_t count, int8_t *output) {
    const ptrdiff_t row_bytes = p->row_bytes;
    const ptrdiff_t run_bytes = (ptrdiff_t)(64 * vectors) * p->quads;
    const int32_t segments = p->segments;
    const int8_t *const end = weights + cnnc_block_bytes_avx512(p, vectors);
    int32_t left = segments;
    const uint8_t *segment = values;
    __m512i sums[12][4];
    CNNC_EACH_ROW_AVX512(CNNC_START_ROW_AVX512)
    while (weights != end) {
        const int8_t *const run_end = weights + run_bytes;
        const uint8_t *thirds[4] = {segment, segment + (rows > 3 ? 3 : 0) * row_bytes,
                                    segment + (rows > 6 ? 6 : 0) * row_bytes,
                                    segment + (rows > 9 ? 9 : 0) * row_bytes};
        do {
            const __m512i w0 = cnnc_load_avx512(weights);
            const __m512i w1 = vectors > 1 ? cnnc_load_avx512(weights + 64) : w0;
            const __m512i w2 = vectors > 2 ? cnnc_load_avx512(weights + 128) : w0;
            const __m512i w3 = vectors > 2 ? cnnc_load_avx512(weights + 192) : w0;
            CNNC_EACH_ROW_AVX512(CNNC_ADD_ROW_AVX512)
            weights += 64 * vectors;
            thirds[0] += 4;
            thirds[1] += 4;
            thirds[2] += 4;
            thirds[3] += 4;
        } while (weights != run_end);
        segment += p->segment_bytes;
        if (--left == 0) {
            left = segments;
            values += p->group_bytes;
            segment = values;
        }
    }
    if (p->is_real == 3) {
        CNNC_EACH_ROW_AVX512(CNNC_FINISH_POSITIVE_ROWS_AVX512)
    } else if (p->is_real == 2) {
        CNNC_EACH_ROW_AVX512(CNNC_FINISH_SHORT_ROWS_AVX512)
    } else if (p->is_real) {
        CNNC_EACH_ROW_AVX512(CNNC_FINISH_REAL_ROWS_AVX512)
    } else {
        CNNC_EACH_ROW_AVX512(CNNC_FINISH_INTEGER_ROWS_AVX512)
    }
}

/* The tiles of each size are one function for all layers. */
#define CNNC_TILE_AVX512(rows, vectors)                                                      \
    CNNC_SHARED_KERNEL void cnnc_tile_##rows##x##vectors##_avx512vnni(                       \
        const struct cnnc_tiles_avx512vnni *p, const uint8_t *values, const int8_t *weights, \
        const int32_t *channels, int32_t count, int8_t *output) {                            \
        cnnc_tile_avx512vnni(p, rows, vectors, values, weights, channels, count, output);    \
    }

CNNC_TILE_AVX512(1, 1)
CNNC_TILE_AVX512(2, 1)
CNNC_TILE_AVX512(3, 1)
CNNC_TILE_AVX512(4, 1)
CNNC_TILE_AVX512(5, 1)
CNNC_TILE_AVX512(6, 1)
CNNC_TILE_AVX512(7, 1)
CNNC_TILE_AVX512(8, 1)
CNNC_TILE_AVX512(9, 1)
CNNC_TILE_AVX512(10, 1)
CNNC_TILE_AVX512(11, 1)
CNNC_TILE_AVX512(12, 1)
CNNC_TILE_AVX512(1, 2)
CNNC_TILE_AVX512(2, 2)
CNNC_TILE_AVX512(3, 2)
CNNC_TILE_AVX512(4, 2)
CNNC_TILE_AVX512(5, 2)
CNNC_TILE_AVX512(6, 2)
CNNC_TILE_AVX512(7, 2)
CNNC_TILE_AVX512(8, 2)
CNNC_TILE_AVX512(9, 2)
CNNC_TILE_AVX512(10, 2)
CNNC_TILE_AVX512(11, 2)
CNNC_TILE_AVX512(12, 2)
CNNC_TILE_AVX512(1, 4)
CNNC_TILE_AVX512(2, 4)
CNNC_TILE_AVX512(3, 4)
CNNC_TILE_AVX512(4, 4)
CNNC_TILE_AVX512(5, 4)
CNNC_TILE_AVX512(6, 4)

#define CNNC_CALL_TILE_AVX512(rows, vectors)                                                    \
    case rows:                                                                                  \
        cnnc_tile_##rows##x##vectors##_avx512vnni(p, values, weights, channels, count, output); \
        break;

#define CNNC_CALL_LOW_TILES_AVX512(vectors) \
    CNNC_CALL_TILE_AVX512(1, vectors)       \
    CNNC_CALL_TILE_AVX512(2, vectors)       \
    CNNC_CALL_TILE_AVX512(3, vectors)       \
    CNNC_CALL_TILE_AVX512(4, vectors)       \
    CNNC_CALL_TILE_AVX512(5, vectors)       \
    CNNC_CALL_TILE_AVX512(6, vectors)

#define CNNC_CALL_HIGH_TILES_AVX512(vectors) \
    CNNC_CALL_TILE_AVX512(7, vectors)        \
    CNNC_CALL_TILE_AVX512(8, vectors)        \
    CNNC_CALL_TILE_AVX512(9, vectors)        \
    CNNC_CALL_TILE_AVX512(10, vectors)       \
    CNNC_CALL_TILE_AVX512(11, vectors)       \
    CNNC_CALL_TILE_AVX512(12, vectors)

/* One tile; all but one call is dropped where that is a constant. */
CNNC_KERNEL void cnnc_any_tile_avx512vnni(const struct cnnc_tiles_avx512vnni *p, int32_t tile_rows,
                                          int32_t vectors, const uint8_t *values,
                                          const int8_t *weights, const int32_t *channels,
                                          int32_t count, int8_t *output) {
    if (vectors == 1) {
        switch (tile_rows) {
            CNNC_CALL_LOW_TILES_AVX512(1)
            CNNC_CALL_HIGH_TILES_AVX512(1)
        default:
            break;
        }
    } else if (vectors == 2) {
        switch (tile_rows) {
            CNNC_CALL_LOW_TILES_AVX512(2)
            CNNC_CALL_HIGH_TILES_AVX512(2)
        default:
            break;
        }
    } else {
        switch (tile_rows) {
            CNNC_CALL_LOW_TILES_AVX512(4)
        default:
            break;
        }
    }
}

#else

/* Adds the products of a row and a channel, whose quads are quad_bytes apart. Unsigned, because
 * sums may wrap around on the way. */
CNNC_KERNEL uint32_t cnnc_sum_of_products_avx512(const struct cnnc_tiles_avx512vnni *p,
                                                 uint32_t sum, const uint8_t *values,
                                                 const int8_t *weights, int32_t quad_bytes) {
    for (int32_t segment = 0; segment < p->groups * p->segments; ++segment) {
        const uint8_t *const run = values + segment / p->segments * p->group_bytes +
                                   segment % p->segments * p->segment_bytes;
        for (int32_t index = 0; index < 4 * p->quads; ++index) {
            const int32_t weight = weights[index / 4 * quad_bytes + index % 4];
            sum += (uint32_t)(weight * run[index]);
        }
        weights += p->quads * quad_bytes;
    }
    return sum;
}

/* The same sums one by one. */
CNNC_KERNEL void cnnc_any_tile_avx512vnni(const struct cnnc_tiles_avx512vnni *p, int32_t tile_rows,
                                          int32_t vectors, const uint8_t *values,
                                          const int8_t *weights, const int32_t *channels,
                                          int32_t count, int8_t *output) {
    for (int32_t row = 0; row < tile_rows; ++row) {
        for (int32_t channel = 0; channel < count; ++channel) {
            const int32_t vector = channel / 4 % vectors;
            const int32_t place = channel / (4 * vectors) * 4 + channel % 4;
            const int32_t *const constants = channels + CNNC_BLOCK_AVX512 * vector + place;
            const int8_t *const column = weights + 64 * vector + 4 * place;
            const uint32_t sum =
                cnnc_sum_of_products_avx512(p, (uint32_t)constants[CNNC_BIAS_AVX512],
                                            values + row * p->row_bytes, column, 64 * vectors);
            output[row * p->output_channels + channel] = cnnc_requantize_s8(
                (int32_t)sum, constants[CNNC_MULTIPLIERS_AVX512], constants[CNNC_SHIFTS_AVX512],
                p->output_zero_point, p->minimum, p->maximum);
        }
    }
}

#endif

/* Lines of rows, each of which is computed by tiles; the last tile may overlap the one before. */
struct cnnc_lines_avx512 {
    int32_t lines;
    int32_t line_bytes; /* From one line to the next. */
    int32_t rows;       /* Of a line, as many as a tile's or more. */
    /* Where groups are lines of an image and those outside it are zeros: the image's lines, else 0;
     * the number in it of the first line's first group, steps from line to line and from group to
     * group. */
    int32_t image_lines;
    int32_t first;
    int32_t line_step;
    int32_t group_step;
};

/* The groups of a line that are not zeros: how many come before them, and the end. */
struct cnnc_seen_groups_avx512 {
    int32_t first;
    int32_t end;
};

CNNC_KERNEL struct cnnc_seen_groups_avx512
cnnc_see_groups_avx512(const struct cnnc_tiles_avx512vnni *p, const struct cnnc_lines_avx512 *lines,
                       int32_t line) {
    const int32_t first = lines->first + line * lines->line_step;
    struct cnnc_seen_groups_avx512 seen = {0, p->groups};
    if (lines->image_lines > 0) {
        while (seen.first < seen.end && first + seen.first * lines->group_step < 0) {
            ++seen.first;
        }
        while (seen.end > seen.first &&
               first + (seen.end - 1) * lines->group_step >= lines->image_lines) {
            --seen.end;
        }
    }
    return seen;
}

/* Computes count channels of a block for all lines. */
CNNC_KERNEL void cnnc_tile_column_avx512vnni(const struct cnnc_tiles_avx512vnni *p,
                                             const struct cnnc_lines_avx512 *lines,
                                             int32_t tile_rows, int32_t vectors,
                                             const uint8_t *values, const int8_t *weights,
                                             const int32_t *channels, int32_t count,
                                             int8_t *output) {
    const ptrdiff_t group_weights = (ptrdiff_t)(64 * vectors) * (p->segments * p->quads);
    struct cnnc_tiles_avx512vnni seen = *p;
    for (int32_t line = 0; line < lines->lines; ++line) {
        const struct cnnc_seen_groups_avx512 groups = cnnc_see_groups_avx512(p, lines, line);
        const uint8_t *const begin = values + groups.first * p->group_bytes;
        seen.groups = groups.end - groups.first;
        for (int32_t row = 0; row < lines->rows; row += tile_rows) {
            const int32_t first = row + tile_rows <= lines->rows ? row : lines->rows - tile_rows;
            cnnc_any_tile_avx512vnni(&seen, tile_rows, vectors, begin + first * p->row_bytes,
                                     weights + groups.first * group_weights, channels, count,
                                     output + first * p->output_channels);
        }
        values += lines->line_bytes;
        output += lines->rows * p->output_channels;
    }
}

/* output[line][row][o] = requantize(bias[o] + sum over k of weights[o][k] * (value[k] - 128)).
 * weights [block][group][segment][quad][channel][4] with channels in the order of
 * cnnc_store_sums_avx512, channels [16 channels] blocks of constants, whose bias says what the 128
 * come to. */
CNNC_KERNEL void cnnc_run_tiles_avx512vnni(const struct cnnc_tiles_avx512vnni *p,
                                           const struct cnnc_tile_size_avx512 *size,
                                           const struct cnnc_lines_avx512 *lines,
                                           const uint8_t *values, const int8_t *weights,
                                           const int32_t *channels, int8_t *output) {
    const int32_t block = CNNC_CHANNELS_AVX512 * size->vectors;
    const int32_t whole = p->output_channels / block * block;
    const int32_t left = p->output_channels - whole;
    for (int32_t channel = 0; channel < whole; channel += block) {
        cnnc_tile_column_avx512vnni(p, lines, size->rows, size->vectors, values, weights, channels,
                                    block, output + channel);
        weights += cnnc_block_bytes_avx512(p, size->vectors);
        channels += CNNC_BLOCK_AVX512 * size->vectors;
    }
    if (left > 0) {
        cnnc_tile_column_avx512vnni(p, lines, size->rows,
                                    cnnc_block_vectors_avx512(size->vectors, left), values, weights,
                                    channels, left, output + whole);
    }
}

/* Bytes x as x + 128. */
CNNC_KERNEL void cnnc_flip_bytes_avx512(uint8_t *to, const int8_t *from, int32_t bytes) {
    int32_t done = 0;
#if CNNC_HAS_AVX512VNNI
    const __m512i flip = _mm512_set1_epi8((char)CNNC_FLIP_AVX512);
    for (; done + 64 <= bytes; done += 64) {
        _mm512_storeu_si512(to + done, _mm512_xor_si512(_mm512_loadu_si512(from + done), flip));
    }
    if (done < bytes) {
        const __mmask64 mask = ~(__mmask64)0 >> (64 - (bytes - done));
        const __m512i rest = _mm512_maskz_loadu_epi8(mask, from + done);
        _mm512_mask_storeu_epi8(to + done, mask, _mm512_xor_si512(rest, flip));
    }
#else
    for (; done < bytes; ++done) {
        to[done] = (uint8_t)(from[done] ^ CNNC_FLIP_AVX512);
    }
#endif
}

#endif

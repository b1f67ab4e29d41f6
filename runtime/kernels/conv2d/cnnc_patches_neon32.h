/* SPDX-License-Identifier: MIT-0 */
/* Pixels under the window of a convolution, as rows of a matrix, on Armv7-A with NEON: whole runs
 * of pixels that see the same row of the image, a kernel row at a time. */
#ifndef CNNC_PATCHES_NEON32_H
#define CNNC_PATCHES_NEON32_H

#include "cnnc_patches_s8.h"

/* Bytes that one call copies of each pixel. */
#define CNNC_PIECE_NEON32 256
/* Bytes of a kernel row that are copied tap by tap. */
#define CNNC_SMALL_NEON32 16

#if CNNC_HAS_NEON32
#ifdef __cplusplus
extern "C" {
#endif
/* Copies count pieces, at least one, of 1..256 bytes. Reads and writes up to 15 bytes more, which
 * whoever comes next has to write. */
void CNNC_SYMBOL(copy_pieces_neon32)(const int8_t *source, int32_t source_step, int8_t *target,
                                     int32_t target_step, int32_t count, int32_t bytes);
#ifdef __cplusplus
}
#endif

#define CNNC_COPY_PIECES_NEON32 CNNC_SYMBOL(copy_pieces_neon32)

#else

CNNC_KERNEL void cnnc_copy_pieces_neon32(const int8_t *source, int32_t source_step, int8_t *target,
                                         int32_t target_step, int32_t count, int32_t bytes) {
    for (int32_t piece = 0; piece < count; ++piece) {
        memcpy(target + piece * target_step, source + piece * source_step, (size_t)bytes);
    }
}

#define CNNC_COPY_PIECES_NEON32 cnnc_copy_pieces_neon32

#endif

/* Part of a kernel row for pixels of one output row: taps from number tap on, which lie side by
 * side in the image. */
struct cnnc_taps_neon32 {
    const int8_t *line; /* of the image, or NULL outside it */
    const int8_t *fill; /* CNNC_PIECE_NEON32 times the zero point */
    int32_t tap;
    int32_t taps;
};

/* Copies from the image, or the fill value if source is NULL. */
CNNC_KERNEL void cnnc_copy_taps_neon32(const struct cnnc_patches_s8 *p,
                                       const struct cnnc_taps_neon32 *part, const int8_t *source,
                                       int8_t *patch, int32_t count, int32_t taps) {
    const int32_t bytes = taps * p->input_channels;
    const int32_t step = p->stride_cols * p->input_channels;
    for (int32_t begin = 0; begin < bytes; begin += CNNC_PIECE_NEON32) {
        const int32_t left = bytes - begin;
        const int32_t piece = left < CNNC_PIECE_NEON32 ? left : CNNC_PIECE_NEON32;
        CNNC_COPY_PIECES_NEON32(source != NULL ? source + begin : part->fill,
                                source != NULL ? step : 0, patch + begin, p->row_bytes, count,
                                piece);
    }
}

/* A pixel some of whose taps may be beside the image; few bytes, for which calls would cost more.
 */
CNNC_KERNEL void cnnc_gather_small_border_neon32(const struct cnnc_patches_s8 *p,
                                                 const struct cnnc_taps_neon32 *part,
                                                 int32_t first_col, int8_t *patch) {
    const size_t bytes = (size_t)p->input_channels;
    for (int32_t tap = 0; tap < part->taps; ++tap) {
        const int32_t col = first_col + tap;
        const int is_inside = col >= 0 && col < p->input_cols;
        const int8_t *const pixel = is_inside ? part->line + col * p->input_channels : part->fill;
        memcpy(patch + tap * p->input_channels, pixel, bytes);
    }
}

/* A pixel some of whose taps may be beside the image. */
CNNC_KERNEL void cnnc_gather_border_neon32(const struct cnnc_patches_s8 *p,
                                           const struct cnnc_taps_neon32 *part, int32_t first_col,
                                           int8_t *patch) {
    const int32_t before = first_col < 0 ? -first_col : 0;
    const int32_t inside = p->input_cols - first_col;
    const int32_t begin = before < part->taps ? before : part->taps;
    const int32_t above = inside < part->taps ? inside : part->taps;
    const int32_t end = above > begin ? above : begin;
    if (begin > 0) {
        cnnc_copy_taps_neon32(p, part, NULL, patch, 1, begin);
    }
    if (end > begin) {
        cnnc_copy_taps_neon32(p, part, part->line + (first_col + begin) * p->input_channels,
                              patch + begin * p->input_channels, 1, end - begin);
    }
    if (part->taps > end) {
        cnnc_copy_taps_neon32(p, part, NULL, patch + end * p->input_channels, 1, part->taps - end);
    }
}

/* count pixels of an output row from column col on: borders one by one, the rest in one go. */
CNNC_KERNEL void cnnc_gather_taps_neon32(const struct cnnc_patches_s8 *p,
                                         const struct cnnc_taps_neon32 *part, int32_t col,
                                         int32_t count, int8_t *patch) {
    const int32_t offset = part->tap * p->dilation_cols - p->pad_left;
    const int32_t last = p->input_cols - part->taps - offset;
    const int32_t inside_begin = offset < 0 ? (p->stride_cols - 1 - offset) / p->stride_cols : 0;
    const int32_t inside_end = last < 0 ? 0 : last / p->stride_cols + 1;
    const int32_t end = col + count;
    if (part->line == NULL) {
        cnnc_copy_taps_neon32(p, part, NULL, patch, count, part->taps);
        return;
    }
    while (col < end) {
        const int32_t first_col = col * p->stride_cols + offset;
        const int32_t run_end = end < inside_end ? end : inside_end;
        const int32_t run = col >= inside_begin && col < run_end ? run_end - col : 0;
        if (run > 0) {
            cnnc_copy_taps_neon32(p, part, part->line + first_col * p->input_channels, patch, run,
                                  part->taps);
        } else if (part->taps * p->input_channels <= CNNC_SMALL_NEON32) {
            cnnc_gather_small_border_neon32(p, part, first_col, patch);
        } else {
            cnnc_gather_border_neon32(p, part, first_col, patch);
        }
        col += run > 0 ? run : 1;
        patch += (run > 0 ? run : 1) * p->row_bytes;
    }
}

/* count pixels of one output row; image is the one that they see, row and col the first's. */
CNNC_KERNEL void cnnc_gather_row_neon32(const struct cnnc_patches_s8 *p, const int8_t *image,
                                        const int8_t *fill, int32_t row, int32_t col, int32_t count,
                                        int8_t *patch) {
    struct cnnc_taps_neon32 part;
    part.fill = fill;
    part.taps = p->dilation_cols == 1 ? p->kernel_cols : 1;
    for (int32_t tap_row = 0; tap_row < p->kernel_rows; ++tap_row) {
        const int32_t line = row * p->stride_rows - p->pad_top + tap_row * p->dilation_rows;
        const int is_inside = line >= 0 && line < p->input_rows;
        part.line = is_inside ? image + line * p->input_cols * p->input_channels : NULL;
        for (part.tap = 0; part.tap < p->kernel_cols; part.tap += part.taps) {
            cnnc_gather_taps_neon32(p, &part, col, count, patch);
            patch += part.taps * p->input_channels;
        }
    }
}

/* The patches of count output pixels from number first of all images' on, as
 * cnnc_gather_patches_s8; row_bytes is at least 15 bytes more than a patch has, and 15 bytes behind
 * the input are read. */
CNNC_KERNEL void cnnc_gather_patches_neon32(const struct cnnc_patches_s8 *p,
                                            const int8_t *CNNC_RESTRICT input, int32_t first,
                                            int32_t count, int8_t *CNNC_RESTRICT patches) {
    const int32_t image_bytes = p->input_rows * p->input_cols * p->input_channels;
    int8_t fill[CNNC_PIECE_NEON32];
    int32_t line = first / p->output_cols;
    int32_t col = first - line * p->output_cols;
    memset(fill, p->input_zero_point, sizeof fill);
    while (count > 0) {
        const int32_t image = line / p->output_rows;
        const int32_t left = p->output_cols - col;
        const int32_t run = left < count ? left : count;
        cnnc_gather_row_neon32(p, input + image * image_bytes, fill, line - image * p->output_rows,
                               col, run, patches);
        patches += run * p->row_bytes;
        count -= run;
        col = 0;
        ++line;
    }
}

#endif

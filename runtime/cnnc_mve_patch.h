/* SPDX-License-Identifier: MIT-0 */
/* Rows of a padded image in a ring, and the pixels under a kernel (Helium). */
#ifndef CNNC_MVE_PATCH_H
#define CNNC_MVE_PATCH_H

#include "cnnc_mve.h"

/* Most kernel rows that the kernels take. */
#define CNNC_MVE_ROWS 16

#if CNNC_HAS_MVE
#ifdef __cplusplus
extern "C" {
#endif
void CNNC_SYMBOL(mve_copy)(int8_t *target, const int8_t *source, int32_t bytes);
void CNNC_SYMBOL(mve_fill)(int8_t *target, int32_t value, int32_t bytes);
/* Puts bytes from each of count rows, from offset on, behind each other; the next patches from
 * offset + step on, offset + 2 step ... */
void CNNC_SYMBOL(mve_gather)(int8_t *target, const int8_t *const *rows, int32_t count,
                             int32_t bytes, int32_t patch_stride, int32_t offset, int32_t step,
                             int32_t patches);
#ifdef __cplusplus
}
#endif
#else
CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_copy)(int8_t *target, const int8_t *source, int32_t bytes) {
    memcpy(target, source, (size_t)bytes);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_fill)(int8_t *target, int32_t value, int32_t bytes) {
    memset(target, value, (size_t)bytes);
}

CNNC_SHARED_KERNEL void CNNC_SYMBOL(mve_gather)(int8_t *target, const int8_t *const *rows,
                                                int32_t count, int32_t bytes, int32_t patch_stride,
                                                int32_t offset, int32_t step, int32_t patches) {
    for (int32_t patch = 0; patch < patches; ++patch) {
        for (int32_t row = 0; row < count; ++row) {
            memcpy(target + patch * patch_stride + row * bytes, rows[row] + offset + patch * step,
                   (size_t)bytes);
        }
    }
}
#endif

/* An image whose rows are copied into a ring with their padding, each once. */
struct cnnc_mve_image {
    const int8_t *pixels;
    int8_t *ring; /* [span][pitch] */
    int32_t rows;
    int32_t row_bytes;
    int32_t pad_top;
    int32_t left_bytes; /* of padding */
    int32_t copy_bytes; /* of a row that is read at all */
    int32_t pitch;      /* bytes of a padded row that are read */
    int32_t span;       /* rows from the kernel's first to its last one */
    int32_t zero_point;
    int32_t loaded; /* padded rows that are in the ring, or have been */
};

CNNC_KERNEL void cnnc_mve_load_row(struct cnnc_mve_image *image, int32_t padded_row) {
    int8_t *slot = image->ring + padded_row % image->span * image->pitch;
    const int32_t row = padded_row - image->pad_top;
    const int32_t right = image->left_bytes + image->copy_bytes;
    if (row < 0 || row >= image->rows) {
        CNNC_SYMBOL(mve_fill)(slot, image->zero_point, image->pitch);
        return;
    }
    CNNC_SYMBOL(mve_fill)(slot, image->zero_point, image->left_bytes);
    CNNC_SYMBOL(mve_copy)(slot + image->left_bytes, image->pixels + row * image->row_bytes,
                          image->copy_bytes);
    CNNC_SYMBOL(mve_fill)(slot + right, image->zero_point, image->pitch - right);
}

/* Fills rows[] with the padded rows first, first + step, ... under count kernel rows; first never
 * falls. */
CNNC_KERNEL void cnnc_mve_rows_under(struct cnnc_mve_image *image, int32_t first, int32_t step,
                                     int32_t count, const int8_t **rows) {
    if (image->loaded < first) {
        image->loaded = first;
    }
    for (; image->loaded < first + image->span; ++image->loaded) {
        cnnc_mve_load_row(image, image->loaded);
    }
    for (int32_t row = 0; row < count; ++row) {
        rows[row] = image->ring + (first + row * step) % image->span * image->pitch;
    }
}

#endif

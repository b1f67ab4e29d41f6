/* SPDX-License-Identifier: MIT-0 */
/* NumPy's file format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#ifndef CNNC_NPY_H
#define CNNC_NPY_H

#include "cnnc_tensor.h"

#include <stdio.h>

/* Read a .npy file of versions 1 to 3 whose numbers are little-endian and in C order.
 * Returns 0; or 1 after it has said on stderr what is wrong. */
int cnnc_read_npy(FILE *file, const char *path, struct cnnc_tensor *tensor);

/* Write a .npy file of version 1: this machine's bytes, in C order. Returns as the reader does. */
int cnnc_write_npy(const char *path, enum cnnc_element element, size_t rank, const size_t *shape,
                   const void *data);

#endif

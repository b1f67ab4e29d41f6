/* SPDX-License-Identifier: MIT-0 */
/* A tensor in memory that came from a file, and what all readers of files share. */
#ifndef CNNC_TENSOR_H
#define CNNC_TENSOR_H

#include "cnnc_network.h"

#include <stddef.h>
#include <stdio.h>

/* Little-endian elements as they were in the file; data belongs to whoever called the reader. */
struct cnnc_tensor {
    enum cnnc_element element;
    size_t rank;
    size_t shape[CNNC_MAX_RANK];
    size_t elements;
    unsigned char *data;
};

/* One element as a number; exact for all types up to 2^53. */
double cnnc_tensor_value(const struct cnnc_tensor *tensor, size_t index);

/* Whether the extents are the same; the one with more axes may have an extent of 1 in front. */
int cnnc_same_shape(size_t rank, const size_t *shape, size_t other_rank, const size_t *other);

/* The extents as "[1][28][28]"; cut where they are longer than the buffer. */
void cnnc_shape_text(size_t rank, const size_t *shape, char *text, size_t size);

/* Count the elements; 0 where an extent is 0 or the bytes would not fit memory. */
size_t cnnc_count_elements(const struct cnnc_tensor *tensor);

/* Read what follows in the file: exactly the tensor's bytes. Returns 0 or reports what is wrong. */
int cnnc_read_elements(FILE *file, const char *path, struct cnnc_tensor *tensor);

/* Report a fault the way that the program around these files does. Returns 1. */
int cnnc_fault(const char *path, const char *problem);

/* Report it with what the system says about it, if error (an errno) is not 0. Returns 1. */
int cnnc_file_fault(const char *path, const char *problem, int error);

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The file of weights in memory: mapped where the system can, read otherwise. */
#ifndef CNNC_WEIGHTS_FILE_H
#define CNNC_WEIGHTS_FILE_H

#include <stddef.h>

struct cnnc_weights_file {
    /* The content, aligned. */
    const void *data;
    size_t bytes;
    /* What is let go in the end. */
    void *base;
};

/* Take a file into memory. A file that is longer or shorter than it should be is none of this
 * function's business: the network's load checks that and the content.
 * Returns 0; or 1 after it has said on stderr what is wrong. */
int cnnc_open_weights(const char *path, size_t bytes, size_t alignment,
                      struct cnnc_weights_file *file);

/* Let it go; nothing happens to one that could not be opened. */
void cnnc_close_weights(struct cnnc_weights_file *file);

#endif

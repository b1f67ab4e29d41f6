/* SPDX-License-Identifier: MIT-0 */
/* The command line of the example program. */
#ifndef CNNC_OPTIONS_H
#define CNNC_OPTIONS_H

#include "cnnc_feed.h"
#include "cnnc_network.h"

#include <stddef.h>

struct cnnc_options {
    /* One for each input, or none. */
    size_t file_count;
    const char **files;
    /* One for each of the first outputs. */
    size_t save_count;
    const char **saves;
    int save_stored;
    int wants_help;
    const char *weights;
    struct cnnc_pixel_scaling scaling;
};

/* Read the command line. Returns 0; or 1 after it has said on stderr what is wrong. */
int cnnc_parse_options(int argc, char **argv, const struct cnnc_network *network,
                       struct cnnc_options *options);

/* Free what reading it took. */
void cnnc_free_options(struct cnnc_options *options);

/* Print what the program takes. */
void cnnc_print_help(const struct cnnc_network *network);

#endif

/* SPDX-License-Identifier: MIT-0 */
/* From an output of a network to the terminal or a file. */
#ifndef CNNC_SHOW_H
#define CNNC_SHOW_H

#include "cnnc_network.h"

/* Print every element: its number, what is stored, and the real number where that is another. */
void cnnc_show_all(const struct cnnc_port *port, const void *stored);

/* Print the five largest of a list of scores, the best first; other tensors as a whole. */
void cnnc_show_best(const struct cnnc_port *port, const void *stored);

/* Write a .npy file: the tensor as the model has it, or as it is stored.
 * Returns 0; or 1 after it has said on stderr what is wrong. */
int cnnc_save(const char *path, const struct cnnc_port *port, const void *stored, int as_stored);

#endif

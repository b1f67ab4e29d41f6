/* SPDX-License-Identifier: MIT-0 */
/* A program on the command line around any network. */
#ifndef CNNC_EXAMPLE_H
#define CNNC_EXAMPLE_H

#include "cnnc_network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Run the network on the files that the command line names, or its self-test without any.
 * Returns the program's exit status: 0 when all went well. */
int cnnc_example(int argc, char **argv, const struct cnnc_network *network);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Faults of a program on the command line. */
#include "cnnc_tensor.h"

#include <stdio.h>

int cnnc_fault(const char *path, const char *problem) {
    (void)fprintf(stderr, "%s: %s\n", path, problem);
    return 1;
}

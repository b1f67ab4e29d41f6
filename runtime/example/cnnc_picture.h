/* SPDX-License-Identifier: MIT-0 */
/* Pictures in the plainest formats: https://netpbm.sourceforge.net/doc/ppm.html and pgm.html */
#ifndef CNNC_PICTURE_H
#define CNNC_PICTURE_H

#include "cnnc_tensor.h"

#include <stdio.h>

/* Read a binary PPM (P6, three channels) or PGM (P5, one) as uint8 [rows][cols][channels].
 * Returns 0; or 1 after it has said on stderr what is wrong. */
int cnnc_read_picture(FILE *file, const char *path, struct cnnc_tensor *tensor);

#endif

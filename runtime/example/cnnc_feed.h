/* SPDX-License-Identifier: MIT-0 */
/* From a file to an input of a network. */
#ifndef CNNC_FEED_H
#define CNNC_FEED_H

#include "cnnc_network.h"
#include "cnnc_tensor.h"

#include <stddef.h>

#define CNNC_MAX_CHANNELS 32

/* What is done to pixels: real = (pixel / 255 - mean) / std, with one number for all channels or
 * one for each. */
struct cnnc_pixel_scaling {
    size_t mean_count;
    double mean[CNNC_MAX_CHANNELS];
    size_t std_count;
    double std[CNNC_MAX_CHANNELS];
    /* Whether any input was made of pixels. */
    int used;
};

/* Write a tensor to an input as stored. A tensor of int8 is copied to a quantized input as it is,
 * in stored order; uint8 are pixels, [row][col][channel]; other numbers are in the model's own
 * order. Returns 0; or 1 after it has reported what is wrong with the tensor at path. */
int cnnc_feed_tensor(const char *path, const struct cnnc_tensor *tensor,
                     const struct cnnc_port *port, struct cnnc_pixel_scaling *scaling,
                     void *stored);

/* The same with the tensor of a .npy file or a picture. */
int cnnc_feed(const char *path, const struct cnnc_port *port, struct cnnc_pixel_scaling *scaling,
              void *stored);

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Turn the tensor of a file into what an input of the network holds. */
#include "cnnc_feed.h"

#include "cnnc_npy.h"
#include "cnnc_picture.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPE_TEXT = 400, PROBLEM_TEXT = 1200 };

static int read_file(const char *path, struct cnnc_tensor *tensor) {
    errno = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return cnnc_file_fault(path, "cannot be read", errno);
    }
    const int first = fgetc(file);
    int status = 1;
    if (first == EOF || fseek(file, 0, SEEK_SET) != 0) {
        (void)cnnc_fault(path, "is empty, or no file");
    } else if (first == 0x93) {
        status = cnnc_read_npy(file, path, tensor);
    } else {
        status = cnnc_read_picture(file, path, tensor);
    }
    (void)fclose(file);
    return status;
}

/* Say which type and shape the file has, and which the input takes. */
static int mismatch(const char *path, const struct cnnc_tensor *tensor,
                    const struct cnnc_port *port, enum cnnc_element wanted, const size_t *shape) {
    char given[SHAPE_TEXT];
    char taken[SHAPE_TEXT];
    char problem[PROBLEM_TEXT];
    cnnc_shape_text(tensor->rank, tensor->shape, given, sizeof given);
    cnnc_shape_text(port->rank, shape, taken, sizeof taken);
    (void)snprintf(problem, sizeof problem, "is %s %s, but '%s' takes %s %s",
                   cnnc_element_name(tensor->element), given, port->name, cnnc_element_name(wanted),
                   taken);
    return cnnc_fault(path, problem);
}

static int has_shape(const struct cnnc_tensor *tensor, const struct cnnc_port *port,
                     const size_t *shape) {
    return cnnc_same_shape(tensor->rank, tensor->shape, port->rank, shape);
}

/* Elements between neighbours of the original tensor along each stored axis. */
static void original_strides(const struct cnnc_port *port, size_t *strides) {
    size_t shape[CNNC_MAX_RANK];
    cnnc_original_shape(port, shape);
    for (size_t axis = 0; axis < port->rank; axis++) {
        strides[axis] = 1;
        for (size_t inner = port->axes[axis] + 1; inner < port->rank; inner++) {
            strides[axis] *= shape[inner];
        }
    }
}

/* Where an element in stored order is in the original tensor. */
static size_t original_index(const struct cnnc_port *port, const size_t *strides, size_t index) {
    size_t place = 0;
    for (size_t axis = port->rank; axis > 0; axis--) {
        place += index % port->shape[axis - 1] * strides[axis - 1];
        index /= port->shape[axis - 1];
    }
    return place;
}

static double of_channel(size_t count, const double *numbers, size_t channel, double otherwise) {
    if (count == 0) {
        return otherwise;
    }
    return numbers[count == 1 ? 0 : channel];
}

static int scale_pixels(const char *path, const struct cnnc_tensor *tensor,
                        const struct cnnc_port *port, struct cnnc_pixel_scaling *scaling,
                        float *original) {
    if (port->rank == 0 || !has_shape(tensor, port, port->shape)) {
        return mismatch(path, tensor, port, CNNC_UINT8, port->shape);
    }
    const size_t channels = port->shape[port->rank - 1];
    if ((scaling->mean_count > 1 && scaling->mean_count != channels) ||
        (scaling->std_count > 1 && scaling->std_count != channels)) {
        return cnnc_fault(path, "has another number of channels than mean or std");
    }
    size_t strides[CNNC_MAX_RANK];
    original_strides(port, strides);
    for (size_t i = 0; i < tensor->elements; i++) {
        const size_t channel = i % channels;
        const double mean = of_channel(scaling->mean_count, scaling->mean, channel, 0.0);
        const double std = of_channel(scaling->std_count, scaling->std, channel, 1.0);
        const double real = (tensor->data[i] / 255.0 - mean) / std;
        original[original_index(port, strides, i)] = (float)real;
    }
    scaling->used = 1;
    return 0;
}

static int copy_reals(const char *path, const struct cnnc_tensor *tensor,
                      const struct cnnc_port *port, float *original) {
    size_t shape[CNNC_MAX_RANK];
    cnnc_original_shape(port, shape);
    const int is_real = tensor->element == CNNC_FLOAT32 || tensor->element == CNNC_FLOAT64;
    if (!is_real || !has_shape(tensor, port, shape)) {
        return mismatch(path, tensor, port, CNNC_FLOAT32, shape);
    }
    for (size_t i = 0; i < tensor->elements; i++) {
        original[i] = (float)cnnc_tensor_value(tensor, i);
    }
    return 0;
}

/* Smallest and largest number of an integer type. */
static void bounds_of(enum cnnc_element element, double *low, double *high) {
    const size_t bits = 8 * cnnc_element_bytes(element);
    const double states = (double)((uint64_t)1 << bits);
    const int has_sign = element == CNNC_INT8 || element == CNNC_INT16 || element == CNNC_INT32;
    *low = has_sign ? -states / 2 : 0.0;
    *high = *low + states - 1;
}

static void put_integer(enum cnnc_element element, double value, void *original, size_t index) {
    const int64_t whole = (int64_t)value;
    switch (element) {
    case CNNC_INT16:
    case CNNC_UINT16:
        ((uint16_t *)original)[index] = (uint16_t)whole;
        break;
    case CNNC_INT32:
    case CNNC_UINT32:
        ((uint32_t *)original)[index] = (uint32_t)whole;
        break;
    default:
        ((uint8_t *)original)[index] = (uint8_t)whole;
        break;
    }
}

static int copy_integers(const char *path, const struct cnnc_tensor *tensor,
                         const struct cnnc_port *port, void *original) {
    size_t shape[CNNC_MAX_RANK];
    double low;
    double high;
    cnnc_original_shape(port, shape);
    const int is_real = tensor->element == CNNC_FLOAT32 || tensor->element == CNNC_FLOAT64;
    if (is_real || !has_shape(tensor, port, shape)) {
        return mismatch(path, tensor, port, port->original, shape);
    }
    bounds_of(port->original, &low, &high);
    for (size_t i = 0; i < tensor->elements; i++) {
        const double value = cnnc_tensor_value(tensor, i);
        if (value < low || value > high) {
            return cnnc_fault(path, "holds a number that the input's type does not have");
        }
        put_integer(port->original, value, original, i);
    }
    return 0;
}

static int copy_stored(const char *path, const struct cnnc_tensor *tensor,
                       const struct cnnc_port *port, void *stored) {
    if (!has_shape(tensor, port, port->shape)) {
        return mismatch(path, tensor, port, port->stored, port->shape);
    }
    memcpy(stored, tensor->data, tensor->elements);
    return 0;
}

static int fill_original(const char *path, const struct cnnc_tensor *tensor,
                         const struct cnnc_port *port, struct cnnc_pixel_scaling *scaling,
                         void *original) {
    if (port->original != CNNC_FLOAT32) {
        return copy_integers(path, tensor, port, original);
    }
    if (tensor->element == CNNC_UINT8) {
        return scale_pixels(path, tensor, port, scaling, (float *)original);
    }
    return copy_reals(path, tensor, port, (float *)original);
}

int cnnc_feed_tensor(const char *path, const struct cnnc_tensor *tensor,
                     const struct cnnc_port *port, struct cnnc_pixel_scaling *scaling,
                     void *stored) {
    const int is_quantized = port->stored == CNNC_INT8 && port->original == CNNC_FLOAT32;
    if (is_quantized && tensor->element == CNNC_INT8) {
        return copy_stored(path, tensor, port, stored);
    }
    void *original = malloc(port->elements * cnnc_element_bytes(port->original));
    if (original == NULL) {
        return cnnc_fault(path, "does not fit into memory");
    }
    const int status = fill_original(path, tensor, port, scaling, original);
    if (status == 0) {
        port->convert(original, stored);
    }
    free(original);
    return status;
}

int cnnc_feed(const char *path, const struct cnnc_port *port, struct cnnc_pixel_scaling *scaling,
              void *stored) {
    struct cnnc_tensor tensor;
    memset(&tensor, 0, sizeof tensor);
    int status = read_file(path, &tensor);
    if (status == 0 && tensor.data != NULL) {
        status = cnnc_feed_tensor(path, &tensor, port, scaling, stored);
    }
    free(tensor.data);
    return status;
}

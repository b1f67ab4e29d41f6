/* SPDX-License-Identifier: MIT-0 */
/* Between Python's buffers and the tensors of a network. */
#ifndef CNNC_BUFFERS_H
#define CNNC_BUFFERS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "cnnc_feed.h"
#include "cnnc_network.h"

/* Write what an object holds to an input as stored. Returns 0; or 1 with an exception set. */
int cnnc_take_buffer(PyObject *object, const struct cnnc_port *port,
                     struct cnnc_pixel_scaling *scaling, void *stored);

/* A number or a sequence of numbers; NULL and None are none. Returns 0; or 1 with an exception. */
int cnnc_take_numbers(const char *name, PyObject *object, int is_divisor, double *numbers,
                      size_t *count);

/* A memoryview of a copy of an output, in the model's order or as stored; NULL with an exception.
 */
PyObject *cnnc_give_buffer(const struct cnnc_port *port, const void *stored, int as_stored);

/* A tuple of dictionaries; NULL with an exception set. */
PyObject *cnnc_describe_ports(size_t count, const struct cnnc_port *ports);

#endif

/* SPDX-License-Identifier: MIT-0 */
/* Between Python's buffers, of which arrays of every library are some, and tensors. */
#include "cnnc_buffers.h"

#include <string.h>

/* The element of a buffer of native numbers. Returns 0, or 1 where a network has no such type. */
static int element_of(const Py_buffer *view, enum cnnc_element *element) {
    static const enum cnnc_element integers[] = {CNNC_INT8, CNNC_INT16, CNNC_INT32, CNNC_INT64};
    static const enum cnnc_element naturals[] = {CNNC_UINT8, CNNC_UINT16, CNNC_UINT32};
    const char *format = view->format == NULL ? "B" : view->format;
    size_t power = 0;
    format += *format == '<' || *format == '=' || *format == '@' || *format == '|';
    while (power < 4 && (Py_ssize_t)1 << power != view->itemsize) {
        power++;
    }
    if (power == 4 || format[0] == '\0' || format[1] != '\0') {
        return 1;
    }
    if (strchr("bhilq", *format) != NULL) {
        *element = integers[power];
        return 0;
    }
    if (strchr("BHILQ", *format) != NULL && power < 3) {
        *element = naturals[power];
        return 0;
    }
    *element = *format == 'f' ? CNNC_FLOAT32 : CNNC_FLOAT64;
    return *format == 'f' || *format == 'd' ? 0 : 1;
}

static int take_view(const Py_buffer *view, const struct cnnc_port *port,
                     struct cnnc_pixel_scaling *scaling, void *stored) {
    struct cnnc_tensor tensor;
    memset(&tensor, 0, sizeof tensor);
    if (element_of(view, &tensor.element) != 0) {
        PyErr_Format(PyExc_TypeError, "%s: elements of format '%s' are none that a network takes",
                     port->name, view->format);
        return 1;
    }
    const size_t bytes = port->elements * cnnc_element_bytes(port->stored);
    if (view->ndim == 1 && port->rank != 1 && tensor.element == CNNC_UINT8 &&
        (size_t)view->len == bytes) {
        memcpy(stored, view->buf, bytes);
        return 0;
    }
    if (view->ndim > CNNC_MAX_RANK) {
        return cnnc_fault(port->name, "there are too many axes");
    }
    tensor.rank = (size_t)view->ndim;
    for (size_t axis = 0; axis < tensor.rank; axis++) {
        tensor.shape[axis] = (size_t)view->shape[axis];
    }
    tensor.elements = cnnc_count_elements(&tensor);
    tensor.data = (unsigned char *)view->buf;
    return cnnc_feed_tensor("the array", &tensor, port, scaling, stored);
}

int cnnc_take_buffer(PyObject *object, const struct cnnc_port *port,
                     struct cnnc_pixel_scaling *scaling, void *stored) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_FORMAT | PyBUF_ND) != 0) {
        return 1;
    }
    const int status = take_view(&view, port, scaling, stored);
    PyBuffer_Release(&view);
    return status;
}

/* A tuple: the caller's list could be changed by what converts its items. */
static int take_sequence(const char *name, PyObject *sequence, int is_divisor, double *numbers,
                         size_t *count) {
    const Py_ssize_t length = PyTuple_GET_SIZE(sequence);
    if (length < 1 || length > CNNC_MAX_CHANNELS) {
        return cnnc_fault(name, "takes a number, or one for each channel");
    }
    for (Py_ssize_t i = 0; i < length; i++) {
        numbers[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(sequence, i));
        if (PyErr_Occurred() != NULL) {
            return 1;
        }
        const int is_bounded = numbers[i] > -1e30 && numbers[i] < 1e30;
        if (!is_bounded || (is_divisor && numbers[i] == 0.0)) {
            return cnnc_fault(name, "has a number that pixels cannot be scaled with");
        }
    }
    *count = (size_t)length;
    return 0;
}

int cnnc_take_numbers(const char *name, PyObject *object, int is_divisor, double *numbers,
                      size_t *count) {
    *count = 0;
    if (object == NULL || object == Py_None) {
        return 0;
    }
    PyObject *const sequence = PyNumber_Check(object) && !PySequence_Check(object)
                                   ? PyTuple_Pack(1, object)
                                   : PySequence_Tuple(object);
    if (sequence == NULL) {
        return 1;
    }
    const int status = take_sequence(name, sequence, is_divisor, numbers, count);
    Py_DECREF(sequence);
    return status;
}

static const char *format_of(enum cnnc_element element) {
    static const char *const formats[] = {"b", "B", "h", "H", "i", "I", "q", "f", "d"};
    return formats[element];
}

static PyObject *shape_tuple(size_t rank, const size_t *shape) {
    PyObject *const tuple = PyTuple_New((Py_ssize_t)rank);
    for (size_t axis = 0; tuple != NULL && axis < rank; axis++) {
        PyObject *const extent = PyLong_FromSize_t(shape[axis]);
        if (extent == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
        PyTuple_SET_ITEM(tuple, (Py_ssize_t)axis, extent);
    }
    return tuple;
}

/* The bytes as a memoryview of another format and shape, which keeps them. */
static PyObject *view_of(PyObject *bytes, enum cnnc_element element, size_t rank,
                         const size_t *shape) {
    PyObject *const flat = PyMemoryView_FromObject(bytes);
    PyObject *const extents = shape_tuple(rank, shape);
    PyObject *view = NULL;
    if (flat != NULL && extents != NULL) {
        view = PyObject_CallMethod(flat, "cast", "sO", format_of(element), extents);
    }
    Py_XDECREF(flat);
    Py_XDECREF(extents);
    return view;
}

PyObject *cnnc_give_buffer(const struct cnnc_port *port, const void *stored, int as_stored) {
    const enum cnnc_element element = as_stored ? port->stored : port->original;
    const size_t bytes = port->elements * cnnc_element_bytes(element);
    size_t shape[CNNC_MAX_RANK];
    PyObject *const memory = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)bytes);
    if (memory == NULL) {
        return NULL;
    }
    if (as_stored) {
        memcpy(shape, port->shape, port->rank * sizeof shape[0]);
        memcpy(PyByteArray_AS_STRING(memory), stored, bytes);
    } else {
        cnnc_original_shape(port, shape);
        port->convert(stored, PyByteArray_AS_STRING(memory));
    }
    PyObject *const view = view_of(memory, element, port->rank, shape);
    Py_DECREF(memory);
    return view;
}

static PyObject *describe_port(const struct cnnc_port *port) {
    size_t shape[CNNC_MAX_RANK];
    cnnc_original_shape(port, shape);
    PyObject *const original = shape_tuple(port->rank, shape);
    PyObject *const stored = shape_tuple(port->rank, port->shape);
    PyObject *description = NULL;
    if (original != NULL && stored != NULL) {
        description =
            Py_BuildValue("{s:s,s:s,s:O,s:s,s:O,s:d,s:i}", "name", port->name, "dtype",
                          cnnc_element_name(port->original), "shape", original, "stored_dtype",
                          cnnc_element_name(port->stored), "stored_shape", stored, "scale",
                          (double)port->scale, "zero_point", port->zero_point);
    }
    Py_XDECREF(original);
    Py_XDECREF(stored);
    return description;
}

PyObject *cnnc_describe_ports(size_t count, const struct cnnc_port *ports) {
    PyObject *const tuple = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *const description = describe_port(&ports[i]);
        if (description == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
        PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, description);
    }
    return tuple;
}

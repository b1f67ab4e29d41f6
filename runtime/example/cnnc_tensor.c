/* SPDX-License-Identifier: MIT-0 */
/* Elements, shapes and bytes of tensors that come from files. */
#include "cnnc_tensor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static double real_of(uint64_t bits, size_t bytes) {
    if (bytes == sizeof(float)) {
        const uint32_t half = (uint32_t)bits;
        float value;
        memcpy(&value, &half, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double cnnc_tensor_value(const struct cnnc_tensor *tensor, size_t index) {
    const size_t bytes = cnnc_element_bytes(tensor->element);
    uint64_t bits = 0;
    for (size_t byte = 0; byte < bytes; byte++) {
        bits |= (uint64_t)tensor->data[index * bytes + byte] << (8 * byte);
    }
    switch (tensor->element) {
    case CNNC_FLOAT32:
    case CNNC_FLOAT64:
        return real_of(bits, bytes);
    case CNNC_INT8:
        return (double)(int8_t)bits;
    case CNNC_INT16:
        return (double)(int16_t)bits;
    case CNNC_INT32:
        return (double)(int32_t)bits;
    case CNNC_INT64:
        return (double)(int64_t)bits;
    case CNNC_UINT8:
    case CNNC_UINT16:
    case CNNC_UINT32:
    default:
        return (double)bits;
    }
}

int cnnc_same_shape(size_t rank, const size_t *shape, size_t other_rank, const size_t *other) {
    if (rank > other_rank && shape[0] == 1) {
        rank--;
        shape++;
    }
    if (other_rank > rank && other[0] == 1) {
        other_rank--;
        other++;
    }
    if (rank != other_rank) {
        return 0;
    }
    for (size_t axis = 0; axis < rank; axis++) {
        if (shape[axis] != other[axis]) {
            return 0;
        }
    }
    return 1;
}

void cnnc_shape_text(size_t rank, const size_t *shape, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t axis = 0; axis < rank && used < size; axis++) {
        const int written = snprintf(text + used, size - used, "[%lu]", (unsigned long)shape[axis]);
        used += written < 0 ? size : (size_t)written;
    }
}

size_t cnnc_count_elements(const struct cnnc_tensor *tensor) {
    const size_t limit = SIZE_MAX / 2 / cnnc_element_bytes(tensor->element);
    size_t elements = 1;
    for (size_t axis = 0; axis < tensor->rank; axis++) {
        const size_t extent = tensor->shape[axis];
        if (extent == 0 || elements > limit / extent) {
            return 0;
        }
        elements *= extent;
    }
    return elements;
}

int cnnc_read_elements(FILE *file, const char *path, struct cnnc_tensor *tensor) {
    tensor->elements = cnnc_count_elements(tensor);
    if (tensor->elements == 0) {
        return cnnc_fault(path, "has no elements, or more than memory could hold");
    }
    const size_t bytes = tensor->elements * cnnc_element_bytes(tensor->element);
    tensor->data = (unsigned char *)malloc(bytes);
    if (tensor->data == NULL) {
        return cnnc_fault(path, "does not fit into memory");
    }
    if (fread(tensor->data, 1, bytes, file) != bytes) {
        return cnnc_fault(path, "ends before its last element");
    }
    if (fgetc(file) != EOF) {
        return cnnc_fault(path, "goes on after its last element");
    }
    return 0;
}

int cnnc_file_fault(const char *path, const char *problem, int error) {
    enum { TEXT = 300 };
    char text[TEXT];
    if (error == 0) {
        return cnnc_fault(path, problem);
    }
    (void)snprintf(text, sizeof text, "%s: %s", problem, strerror(error));
    return cnnc_fault(path, text);
}

/* SPDX-License-Identifier: MIT-0 */
/* Facts about the elements and axes of a network's tensors. */
#include "cnnc_network.h"

size_t cnnc_element_bytes(enum cnnc_element element) {
    switch (element) {
    case CNNC_INT16:
    case CNNC_UINT16:
        return 2;
    case CNNC_INT32:
    case CNNC_UINT32:
    case CNNC_FLOAT32:
        return 4;
    case CNNC_INT64:
    case CNNC_FLOAT64:
        return 8;
    case CNNC_INT8:
    case CNNC_UINT8:
    default:
        return 1;
    }
}

const char *cnnc_element_name(enum cnnc_element element) {
    static const char *const names[] = {"int8",   "uint8", "int16",   "uint16", "int32",
                                        "uint32", "int64", "float32", "float64"};
    return names[element];
}

void cnnc_original_shape(const struct cnnc_port *port, size_t *shape) {
    for (size_t axis = 0; axis < port->rank; axis++) {
        shape[port->axes[axis]] = port->shape[axis];
    }
}

/* SPDX-License-Identifier: MIT-0 */
/* Print the elements of an output, or write them to a file. */
#include "cnnc_show.h"

#include "cnnc_npy.h"
#include "cnnc_tensor.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BEST = 5 };

static int is_quantized(const struct cnnc_port *port) { return port->stored != port->original; }

/* What one element means: exact for all types that a network stores. */
static double value_of(const struct cnnc_port *port, const void *stored, size_t index) {
    switch (port->stored) {
    case CNNC_FLOAT32:
        return (double)((const float *)stored)[index];
    case CNNC_INT32:
        return (double)((const int32_t *)stored)[index];
    case CNNC_UINT32:
        return (double)((const uint32_t *)stored)[index];
    case CNNC_INT16:
        return (double)((const int16_t *)stored)[index];
    case CNNC_UINT16:
        return (double)((const uint16_t *)stored)[index];
    case CNNC_UINT8:
        return (double)((const uint8_t *)stored)[index];
    default:
        break;
    }
    const int8_t q = ((const int8_t *)stored)[index];
    return is_quantized(port) ? (double)(port->scale * (float)(q - port->zero_point)) : (double)q;
}

void cnnc_show_all(const struct cnnc_port *port, const void *stored) {
    (void)printf("%s\n", port->name);
    for (size_t i = 0; i < port->elements; i++) {
        (void)printf("%6lu", (unsigned long)i);
        if (is_quantized(port)) {
            (void)printf(" %5d", ((const int8_t *)stored)[i]);
        }
        (void)printf(" %12.9g\n", value_of(port, stored, i));
    }
}

/* Whether element a comes before element b: the larger one, then the earlier one. */
static int is_before(const struct cnnc_port *port, const void *stored, size_t a, size_t b) {
    const double value = value_of(port, stored, a);
    const double other = value_of(port, stored, b);
    return value > other || (value == other && a < b);
}

void cnnc_show_best(const struct cnnc_port *port, const void *stored) {
    const int is_list = port->rank == 2 && port->shape[0] == 1 && port->elements > BEST;
    if (!is_list) {
        cnnc_show_all(port, stored);
        return;
    }
    size_t best[BEST + 1];
    size_t count = 0;
    for (size_t i = 0; i < port->elements; i++) {
        size_t place = count;
        while (place > 0 && is_before(port, stored, i, best[place - 1])) {
            best[place] = best[place - 1];
            place--;
        }
        best[place] = i;
        count += count < BEST ? 1 : 0;
    }
    (void)printf("%s: the %d largest of %lu\n", port->name, BEST, (unsigned long)port->elements);
    for (size_t i = 0; i < count; i++) {
        (void)printf("%6lu %12.9g\n", (unsigned long)best[i], value_of(port, stored, best[i]));
    }
}

int cnnc_save(const char *path, const struct cnnc_port *port, const void *stored, int as_stored) {
    if (as_stored) {
        return cnnc_write_npy(path, port->stored, port->rank, port->shape, stored);
    }
    size_t shape[CNNC_MAX_RANK];
    cnnc_original_shape(port, shape);
    void *original = malloc(port->elements * cnnc_element_bytes(port->original));
    if (original == NULL) {
        return cnnc_fault(path, "does not fit into memory");
    }
    port->convert(stored, original);
    const int status = cnnc_write_npy(path, port->original, port->rank, shape, original);
    free(original);
    return status;
}

/* SPDX-License-Identifier: MIT-0 */
/* What a program that works with any network has to know of this one. */
#ifndef CNNC_NETWORK_H
#define CNNC_NETWORK_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cnnc_element {
    CNNC_INT8,
    CNNC_UINT8,
    CNNC_INT16,
    CNNC_UINT16,
    CNNC_INT32,
    CNNC_UINT32,
    CNNC_INT64,
    CNNC_FLOAT32,
    CNNC_FLOAT64
};

/* As in NumPy before version 2. */
#define CNNC_MAX_RANK 32

/* One input or output. "Stored" is what the arena holds, channel-last; "original" is the tensor as
 * the model has it, with real numbers in the place of quantized ones. */
struct cnnc_port {
    const char *name;
    enum cnnc_element stored;
    enum cnnc_element original;
    /* real = scale * (stored - zero_point); unused where both types are the same. */
    float scale;
    int zero_point;
    size_t rank;
    size_t elements;
    /* In stored order. */
    const size_t *shape;
    /* Stored axis k is axis axes[k] of the model. */
    const size_t *axes;
    /* To the stored tensor (inputs) or from it (outputs). */
    void (*convert)(const void *from, void *to);
};

struct cnnc_network {
    const char *name;
    size_t context_bytes;
    size_t arena_bytes;
    size_t arena_alignment;
    /* Path and size of the file of weights; NULL where the program contains them. */
    const char *weights_path;
    size_t weights_bytes;
    size_t weights_alignment;
    size_t input_count;
    const struct cnnc_port *inputs;
    size_t output_count;
    const struct cnnc_port *outputs;
    /* Status codes are the network's own; 0 is success. */
    int (*init)(void *context, void *arena);
    int (*load)(void *context, const void *weights, size_t size);
    int (*run)(void *context);
    /* NULL where the network was compiled for one thread. */
    int (*start_threads)(void *context);
    void (*stop_threads)(void *context);
    /* In a process that fork() made, which has none of the threads: as before they were started. */
    void (*forget_threads)(void *context);
    /* NULL where the network was compiled without a sample. */
    int (*selftest)(void *context);
    void *(*input)(const void *context, size_t index);
    const void *(*output)(const void *context, size_t index);
    const char *(*reason)(int status);
};

/* Bytes of one element. */
size_t cnnc_element_bytes(enum cnnc_element element);

/* The name that NumPy has for it. */
const char *cnnc_element_name(enum cnnc_element element);

/* The shape that the model itself states; shape[rank] is not written. */
void cnnc_original_shape(const struct cnnc_port *port, size_t *shape);

#ifdef __cplusplus
}
#endif

#endif

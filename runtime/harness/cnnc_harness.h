/* SPDX-License-Identifier: MIT-0 */
/* Runs a compiled model on many inputs and records what it computed, layer by layer.
 *
 * A request is a table of int32_t: magic, samples, layers, input bytes, output bytes, dump bytes,
 * then for each layer its offset in a sample's dump or -1. Sizes are per sample. Layers is 0 for a
 * build without trace. A record is, per sample: the outputs one after the other, the CRC-32 of
 * each layer (uint32_t), the size of each layer in bytes (int32_t, -1 if it was never reported),
 * the dump. */
#ifndef CNNC_HARNESS_H
#define CNNC_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#define CNNC_HARNESS_MAGIC 0x434e4e43
#define CNNC_HARNESS_REQUEST_FIELDS 6

enum cnnc_harness_status {
    CNNC_HARNESS_OK = 0,
    CNNC_HARNESS_BAD_REQUEST = 1, /* magic, sizes or layers are not those of this model */
    CNNC_HARNESS_NO_MEMORY = 2,
    CNNC_HARNESS_BAD_LAYER = 3,    /* a layer number or size outside the request */
    CNNC_HARNESS_BAD_FILE = 4,     /* the request cannot be read or the records not written */
    CNNC_HARNESS_MODEL_FAILED = 5, /* the model returned an error */
    CNNC_HARNESS_NO_KERNELS = 6    /* the processor does not run the kernels that were asked for */
};

typedef void (*cnnc_harness_trace)(void *user, int32_t layer, const void *data, size_t bytes);

/* What the harness needs to know of the model; defined in cnnc_harness_model.c. */
struct cnnc_harness_model {
    size_t arena_bytes;
    int32_t layers;
    int32_t input_bytes;
    int32_t output_bytes;
    /* One inference in the arena: inputs and outputs are concatenated. Returns 0 if all went well.
     */
    int32_t (*infer)(void *arena, const int8_t *inputs, int8_t *outputs, cnnc_harness_trace trace,
                     void *user);
};

/* What the harness needs of the machine; cnnc_harness_main.c and cnnc_harness_bare.c define it. */
struct cnnc_harness_machine {
    void *request; /* Streams, in the machine's own terms. */
    void *records;
    /* Number of bytes that were read or written. */
    size_t (*read)(void *stream, void *data, size_t bytes);
    size_t (*write)(void *stream, const void *data, size_t bytes);
    /* Memory for any type and any arena, or NULL; what is released is the latest that is still
     * allocated. */
    void *(*allocate)(size_t bytes);
    void (*release)(void *memory);
};

#ifdef __cplusplus
extern "C" {
#endif

extern const struct cnnc_harness_model cnnc_harness_model;

/* The kernel set that every run uses; below 0 the best that the processor has. */
extern int32_t cnnc_harness_kernel_set;

/* Whether the model has the kernel set and this processor runs it. */
int32_t cnnc_harness_has_kernel_set(void);

/* Called right before and right after the model's run: whoever counts instructions does it between
 * two calls. */
void cnnc_harness_mark(void);

/* Called before the first and after the second mark: whoever measures the stack does it here. */
void cnnc_harness_begin(void);
void cnnc_harness_end(void);

/* The layer that was reported last, -1 before the first. */
int32_t cnnc_harness_latest_layer(void);

/* Size of one sample's record; 0 if the request does not fit the model. */
size_t cnnc_harness_record_bytes(const int32_t *request);

/* Runs one sample of a request; returns enum cnnc_harness_status. */
int32_t cnnc_harness_run(const struct cnnc_harness_machine *machine, const int32_t *request,
                         const int8_t *inputs, uint8_t *record);

/* Answers a whole request, one sample at a time; returns enum cnnc_harness_status. */
int32_t cnnc_harness_serve(const struct cnnc_harness_machine *machine);

#ifdef __cplusplus
}
#endif

#endif

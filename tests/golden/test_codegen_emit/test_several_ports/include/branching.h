/* SPDX-License-Identifier: MIT-0 */
/* A network in int8: init, write the input, run, read the output. */
#ifndef CNNC_MODEL_BRANCHING_H
#define CNNC_MODEL_BRANCHING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory for all activations, input and output included, and its alignment. */
#define BRANCHING_ARENA_BYTES 32
#define BRANCHING_ARENA_ALIGNMENT 16
#define BRANCHING_LAYER_COUNT 5

/* In the order of the model's own; report.json has their names, in "inputs" and "outputs". */
#define BRANCHING_INPUT_COUNT 2
#define BRANCHING_OUTPUT_COUNT 2

/* int8 [batch][feature]: real = scale * (q - zero point). */
#define BRANCHING_INPUT_0_BYTES 8
#define BRANCHING_INPUT_0_SCALE 0.0500000007f
#define BRANCHING_INPUT_0_ZERO_POINT (-3)
#define BRANCHING_INPUT_0_BATCH 1
#define BRANCHING_INPUT_0_FEATURES 8

/* int8 [batch][feature]: real = scale * (q - zero point). */
#define BRANCHING_INPUT_1_BYTES 8
#define BRANCHING_INPUT_1_SCALE 0.0500000007f
#define BRANCHING_INPUT_1_ZERO_POINT (-3)
#define BRANCHING_INPUT_1_BATCH 2
#define BRANCHING_INPUT_1_FEATURES 4

/* int8 [batch][feature]: real = scale * (q - zero point). */
#define BRANCHING_OUTPUT_0_BYTES 8
#define BRANCHING_OUTPUT_0_SCALE 0.0500000007f
#define BRANCHING_OUTPUT_0_ZERO_POINT (-3)
#define BRANCHING_OUTPUT_0_BATCH 2
#define BRANCHING_OUTPUT_0_FEATURES 4

/* int8 [batch][feature]: real = scale * (q - zero point). */
#define BRANCHING_OUTPUT_1_BYTES 8
#define BRANCHING_OUTPUT_1_SCALE 0.0500000007f
#define BRANCHING_OUTPUT_1_ZERO_POINT (-3)
#define BRANCHING_OUTPUT_1_BATCH 1
#define BRANCHING_OUTPUT_1_FEATURES 8

enum branching_status {
    BRANCHING_OK = 0,
    /* A pointer is NULL. */
    BRANCHING_ERROR_NULL = 1,
    /* The arena is smaller than _ARENA_BYTES. */
    BRANCHING_ERROR_ARENA_SIZE = 2,
    /* The arena is not aligned to _ARENA_ALIGNMENT. */
    BRANCHING_ERROR_ARENA_ALIGNMENT = 3,
    /* Init was not called, or failed. */
    BRANCHING_ERROR_NOT_INITIALIZED = 4,
    /* An output differs from the embedded one. */
    BRANCHING_ERROR_SELFTEST = 5,
};

/* One running network; several may exist at the same time, each with its own arena. */
struct branching_context {
    int8_t *arena;
#ifdef CNNC_TRACE
    /* Called after each layer, if set, with its result; set it after init. */
    void (*trace)(void *user, int32_t layer, const void *data, size_t bytes);
    void *trace_user;
#endif
};

/* Prepare a context; the arena stays in use until the last call. */
enum branching_status branching_init(struct branching_context *context, void *arena, size_t bytes);

#ifdef BRANCHING_STATIC_ARENA
/* Prepare a context with an arena that is a variable of the library: for one context only. */
enum branching_status branching_init_static(struct branching_context *context);
#endif

/* Where to write the input before a run, in the arena; a run overwrites it. NULL before init. */
int8_t *branching_input_0(const struct branching_context *context);
int8_t *branching_input_1(const struct branching_context *context);

/* Where the result is after a run, until the next input is written. NULL before init. */
const int8_t *branching_output_0(const struct branching_context *context);
const int8_t *branching_output_1(const struct branching_context *context);

/* One inference. */
enum branching_status branching_run(struct branching_context *context);

/* From float [batch][feature] to int8 [batch][feature]. */
void branching_quantize_input_0(const float *real, int8_t *quantized);

/* From float [batch][feature] to int8 [batch][feature]. */
void branching_quantize_input_1(const float *real, int8_t *quantized);

/* From int8 [batch][feature] to float [batch][feature]. */
void branching_dequantize_output_0(const int8_t *quantized, float *real);

/* From int8 [batch][feature] to float [batch][feature]. */
void branching_dequantize_output_1(const int8_t *quantized, float *real);

/* Run an embedded input and compare every byte of the output with the compiler's. */
enum branching_status branching_selftest(struct branching_context *context);

#ifdef __cplusplus
}
#endif

#endif

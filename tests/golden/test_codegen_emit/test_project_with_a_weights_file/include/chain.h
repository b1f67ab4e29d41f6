/* SPDX-License-Identifier: MIT-0 */
/* A network in int8: init, write the input, run, read the output. */
#ifndef CNNC_MODEL_CHAIN_H
#define CNNC_MODEL_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory for all activations, input and output included, and its alignment. */
#define CHAIN_ARENA_BYTES 48
#define CHAIN_ARENA_ALIGNMENT 16
#define CHAIN_LAYER_COUNT 4

/* The file of weights: chain_weights.bin. */
#define CHAIN_WEIGHTS_BYTES 320
#define CHAIN_WEIGHTS_ALIGNMENT 16
#define CHAIN_WEIGHTS_CRC32 0x050fdb13U

/* In the order of the model's own; report.json has their names, in "inputs" and "outputs". */
#define CHAIN_INPUT_COUNT 1
#define CHAIN_OUTPUT_COUNT 1

/* int8 [batch][row][col][channel]: real = scale * (q - zero point). */
#define CHAIN_INPUT_BYTES 24
#define CHAIN_INPUT_SCALE 0.0500000007f
#define CHAIN_INPUT_ZERO_POINT (-3)
#define CHAIN_INPUT_BATCH 1
#define CHAIN_INPUT_ROWS 3
#define CHAIN_INPUT_COLS 4
#define CHAIN_INPUT_CHANNELS 2

/* int8 [batch][feature]: real = scale * (q - zero point). */
#define CHAIN_OUTPUT_BYTES 3
#define CHAIN_OUTPUT_SCALE 0.0500000007f
#define CHAIN_OUTPUT_ZERO_POINT (-3)
#define CHAIN_OUTPUT_BATCH 1
#define CHAIN_OUTPUT_FEATURES 3

enum chain_status {
    CHAIN_OK = 0,
    /* A pointer is NULL. */
    CHAIN_ERROR_NULL = 1,
    /* The arena is smaller than _ARENA_BYTES. */
    CHAIN_ERROR_ARENA_SIZE = 2,
    /* The arena is not aligned to _ARENA_ALIGNMENT. */
    CHAIN_ERROR_ARENA_ALIGNMENT = 3,
    /* Init was not called, or failed. */
    CHAIN_ERROR_NOT_INITIALIZED = 4,
    /* An output differs from the embedded one. */
    CHAIN_ERROR_SELFTEST = 5,
    /* Load was not called, or failed. */
    CHAIN_ERROR_NO_WEIGHTS = 6,
    /* The weights are not _WEIGHTS_BYTES long. */
    CHAIN_ERROR_WEIGHTS_SIZE = 7,
    /* The weights are not those of this network. */
    CHAIN_ERROR_WEIGHTS_CRC32 = 8,
    /* The weights are not aligned to _WEIGHTS_ALIGNMENT. */
    CHAIN_ERROR_WEIGHTS_ALIGNMENT = 9,
};

/* One running network; several may exist at the same time, each with its own arena. */
struct chain_context {
    int8_t *arena;
    const uint8_t *weights;
#ifdef CNNC_TRACE
    /* Called after each layer, if set, with its result; set it after init. */
    void (*trace)(void *user, int32_t layer, const void *data, size_t bytes);
    void *trace_user;
#endif
};

/* Prepare a context; the arena stays in use until the last call. */
enum chain_status chain_init(struct chain_context *context, void *arena, size_t bytes);

#ifdef CHAIN_STATIC_ARENA
/* Prepare a context with an arena that is a variable of the library: for one context only. */
enum chain_status chain_init_static(struct chain_context *context);
#endif

/* Check the content of the file of weights and use it; it must stay in memory. Call after init. */
enum chain_status chain_load(struct chain_context *context, const void *data, size_t size);

/* Where to write the input before a run, in the arena; a run overwrites it. NULL before init. */
int8_t *chain_input(const struct chain_context *context);

/* Where the result is after a run, until the next input is written. NULL before init. */
const int8_t *chain_output(const struct chain_context *context);

/* One inference. */
enum chain_status chain_run(struct chain_context *context);

/* From float [batch][channel][row][col] to int8 [batch][row][col][channel]. */
void chain_quantize_input(const float *real, int8_t *quantized);

/* From int8 [batch][feature] to float [batch][feature]. */
void chain_dequantize_output(const int8_t *quantized, float *real);

/* Run an embedded input and compare every byte of the output with the compiler's. */
enum chain_status chain_selftest(struct chain_context *context);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The network in the words that the programs for any network work with. */
#ifndef CNNC_PORTS_CHAIN_H
#define CNNC_PORTS_CHAIN_H

#include "chain.h"

#include "cnnc_network.h"

typedef struct chain_context context_type;
typedef enum chain_status status_type;

static const char *reason_of(enum chain_status status) {
    switch (status) {
    case CHAIN_OK:
        return "none";
    case CHAIN_ERROR_NULL:
        return "a pointer is NULL";
    case CHAIN_ERROR_ARENA_SIZE:
        return "the arena is too small";
    case CHAIN_ERROR_ARENA_ALIGNMENT:
        return "the arena is not aligned";
    case CHAIN_ERROR_NOT_INITIALIZED:
        return "init was not called, or failed";
    case CHAIN_ERROR_SELFTEST:
        return "an output differs from the compiler's";
    default:
        return "unknown";
    }
}

/* Extents and axes end with a 0 that nobody reads: C has no arrays without elements. */
static const size_t input_shape[] = {1, 3, 4, 2, 0};
static const size_t input_axes[] = {0, 2, 3, 1, 0};

static const size_t output_shape[] = {1, 3, 0};
static const size_t output_axes[] = {0, 1, 0};

static void convert_input(const void *from, void *to) {
    chain_quantize_input((const float *)from, (int8_t *)to);
}

static void convert_output(const void *from, void *to) {
    chain_dequantize_output((const int8_t *)from, (float *)to);
}

static const struct cnnc_port ports_of_inputs[] = {
    {
        /* name */ "input",
        /* stored */ CNNC_INT8,
        /* original */ CNNC_FLOAT32,
        /* scale */ 0.0500000007f,
        /* zero_point */ -3,
        /* rank */ 4,
        /* elements */ 24,
        /* shape */ input_shape,
        /* axes */ input_axes,
        /* convert */ convert_input,
    },
};

static const struct cnnc_port ports_of_outputs[] = {
    {
        /* name */ "output",
        /* stored */ CNNC_INT8,
        /* original */ CNNC_FLOAT32,
        /* scale */ 0.0500000007f,
        /* zero_point */ -3,
        /* rank */ 2,
        /* elements */ 3,
        /* shape */ output_shape,
        /* axes */ output_axes,
        /* convert */ convert_output,
    },
};

static int init_network(void *context, void *arena) {
    context_type *const typed = (context_type *)context;
    return (int)chain_init(typed, arena, CHAIN_ARENA_BYTES);
}

static int run_network(void *context) {
    context_type *const typed = (context_type *)context;
    return (int)chain_run(typed);
}

static int test_network(void *context) {
    context_type *const typed = (context_type *)context;
    return (int)chain_selftest(typed);
}

static void *place_of_input(const void *context, size_t index) {
    const context_type *const typed = (const context_type *)context;
    switch (index) {
    case 0:
        return chain_input(typed);
    default:
        return NULL;
    }
}

static const void *place_of_output(const void *context, size_t index) {
    const context_type *const typed = (const context_type *)context;
    switch (index) {
    case 0:
        return chain_output(typed);
    default:
        return NULL;
    }
}

static const char *reason_of_status(int status) {
    const status_type typed = (status_type)status;
    return reason_of(typed);
}

static const struct cnnc_network network = {
    /* name */ "chain",
    /* context_bytes */ sizeof(struct chain_context),
    /* arena_bytes */ CHAIN_ARENA_BYTES,
    /* arena_alignment */ CHAIN_ARENA_ALIGNMENT,
    /* weights_path */ NULL,
    /* weights_bytes */ 0,
    /* weights_alignment */ 1,
    /* input_count */ CHAIN_INPUT_COUNT,
    /* inputs */ ports_of_inputs,
    /* output_count */ CHAIN_OUTPUT_COUNT,
    /* outputs */ ports_of_outputs,
    /* init */ init_network,
    /* load */ NULL,
    /* run */ run_network,
    /* start_threads */ NULL,
    /* stop_threads */ NULL,
    /* forget_threads */ NULL,
    /* selftest */ test_network,
    /* input */ place_of_input,
    /* output */ place_of_output,
    /* reason */ reason_of_status,
};

#endif

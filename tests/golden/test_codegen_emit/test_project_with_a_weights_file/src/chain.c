/* SPDX-License-Identifier: MIT-0 */
/* Every layer as a function, and the functions that run them. */
#include "chain.h"
#include "chain_weights.h"

#include "cnnc/cnnc_common.h"
#include "cnnc/cnnc_fully_connected_s8.h"
#include "cnnc/cnnc_lookup_s8.h"
#include "cnnc/cnnc_max_pool_s8.h"

#ifdef CHAIN_STATIC_ARENA
CNNC_ALIGNED(CHAIN_ARENA_ALIGNMENT)
static int8_t chain_arena[CHAIN_ARENA_BYTES];
#endif

/* Of layers[0] in report.json. */
CNNC_LAYER void chain_layer_0_max_pool(const struct chain_context *context) {
    int8_t *const arena = context->arena;
    static const struct cnnc_max_pool_s8_parameters call_0 = {
        /* batch */ 1,
        /* input_rows */ 3,
        /* input_cols */ 4,
        /* channels */ 2,
        /* output_rows */ 2,
        /* output_cols */ 3,
        /* kernel_rows */ 2,
        /* kernel_cols */ 2,
        /* stride_rows */ 1,
        /* stride_cols */ 1,
        /* dilation_rows */ 1,
        /* dilation_cols */ 1,
        /* pad_top */ 0,
        /* pad_left */ 0,
    };
    cnnc_max_pool_s8(&call_0, arena, arena + 32);
}

/* Of layers[1] in report.json. */
CNNC_LAYER void chain_layer_1_sigmoid(const struct chain_context *context) {
    int8_t *const arena = context->arena;
    static const struct cnnc_lookup_s8_parameters call_0 = {
        /* size */ 12,
    };
    cnnc_lookup_s8(&call_0, arena + 32, arena + 32, CHAIN_LAYER_1_TABLE);
}

/* Of layers[3] in report.json. */
CNNC_LAYER void chain_layer_3_fully_connected(const struct chain_context *context) {
    int8_t *const arena = context->arena;
    static const struct cnnc_fully_connected_s8_parameters call_0 = {
        /* rows */ 1,
        /* input_channels */ 12,
        /* output_channels */ 3,
        /* output_zero_point */ 5,
        /* minimum */ -128,
        /* maximum */ 127,
    };
    cnnc_fully_connected_s8(&call_0, arena + 32, CHAIN_LAYER_3_WEIGHTS, CHAIN_LAYER_3_BIAS,
                            CHAIN_LAYER_3_MULTIPLIERS, CHAIN_LAYER_3_SHIFTS, arena);
}

static void chain_trace(const struct chain_context *context, int32_t layer, const void *data,
                        size_t bytes) {
#ifdef CNNC_TRACE
    if (context->trace != NULL) {
        context->trace(context->trace_user, layer, data, bytes);
    }
#else
    (void)context;
    (void)layer;
    (void)data;
    (void)bytes;
#endif
}

enum chain_status chain_init(struct chain_context *context, void *arena, size_t bytes) {
    if (context == NULL) {
        return CHAIN_ERROR_NULL;
    }
    memset(context, 0, sizeof *context);
    if (arena == NULL) {
        return CHAIN_ERROR_NULL;
    }
    if (bytes < CHAIN_ARENA_BYTES) {
        return CHAIN_ERROR_ARENA_SIZE;
    }
    if ((uintptr_t)arena % CHAIN_ARENA_ALIGNMENT != 0) {
        return CHAIN_ERROR_ARENA_ALIGNMENT;
    }
    context->arena = (int8_t *)arena;
    return CHAIN_OK;
}

#ifdef CHAIN_STATIC_ARENA
enum chain_status chain_init_static(struct chain_context *context) {
    return chain_init(context, chain_arena, sizeof chain_arena);
}
#endif

static int8_t *chain_arena_of(const struct chain_context *context) {
    return context == NULL ? NULL : context->arena;
}

int8_t *chain_input(const struct chain_context *context) {
    int8_t *const arena = chain_arena_of(context);
    return arena == NULL ? NULL : arena;
}

const int8_t *chain_output(const struct chain_context *context) {
    int8_t *const arena = chain_arena_of(context);
    return arena == NULL ? NULL : arena;
}

enum chain_status chain_run(struct chain_context *context) {
    if (context == NULL) {
        return CHAIN_ERROR_NULL;
    }
    if (context->arena == NULL) {
        return CHAIN_ERROR_NOT_INITIALIZED;
    }
    if (context->weights == NULL) {
        return CHAIN_ERROR_NO_WEIGHTS;
    }
    chain_layer_0_max_pool(context);
    chain_trace(context, 0, context->arena + 32, 12);
    chain_layer_1_sigmoid(context);
    chain_trace(context, 1, context->arena + 32, 12);
    chain_trace(context, 2, context->arena + 32, 12);
    chain_layer_3_fully_connected(context);
    chain_trace(context, 3, context->arena, 3);
    return CHAIN_OK;
}

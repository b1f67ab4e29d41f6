/* SPDX-License-Identifier: MIT-0 */
/* Every layer as a function, and the functions that run them. */
#include "branching.h"
#include "branching_weights.h"

#include "cnnc/cnnc_add_s8.h"
#include "cnnc/cnnc_common.h"

#ifdef BRANCHING_STATIC_ARENA
CNNC_ALIGNED(BRANCHING_ARENA_ALIGNMENT)
static int8_t branching_arena[BRANCHING_ARENA_BYTES];
#endif

/* Of layers[1] in report.json. */
CNNC_LAYER void branching_layer_1_add(const struct branching_context *context) {
    int8_t *const arena = context->arena;
    static const struct cnnc_add_s8_parameters call_0 = {
        /* size */ 8,
        /* first_zero_point */ -3,
        /* first_multiplier */ 1073741824,
        /* first_shift */ 0,
        /* second_zero_point */ -3,
        /* second_multiplier */ 1073741824,
        /* second_shift */ 0,
        /* output_zero_point */ -3,
        /* output_multiplier */ 1073741824,
        /* output_shift */ -18,
        /* minimum */ -128,
        /* maximum */ 127,
    };
    cnnc_add_s8(&call_0, arena, arena + 16, arena + 16);
}

/* Of layers[2] in report.json. */
CNNC_LAYER void branching_layer_2_add(const struct branching_context *context) {
    int8_t *const arena = context->arena;
    static const struct cnnc_add_s8_parameters call_0 = {
        /* size */ 8,
        /* first_zero_point */ -3,
        /* first_multiplier */ 1073741824,
        /* first_shift */ 0,
        /* second_zero_point */ -3,
        /* second_multiplier */ 1073741824,
        /* second_shift */ 0,
        /* output_zero_point */ -3,
        /* output_multiplier */ 1073741824,
        /* output_shift */ -18,
        /* minimum */ -128,
        /* maximum */ 127,
    };
    cnnc_add_s8(&call_0, arena + 16, branching_constant_0, arena + 16);
}

/* Of layers[4] in report.json. */
CNNC_LAYER void branching_layer_4_add(const struct branching_context *context) {
    int8_t *const arena = context->arena;
    static const struct cnnc_add_s8_parameters call_0 = {
        /* size */ 8,
        /* first_zero_point */ -3,
        /* first_multiplier */ 1073741824,
        /* first_shift */ 0,
        /* second_zero_point */ -3,
        /* second_multiplier */ 1073741824,
        /* second_shift */ 0,
        /* output_zero_point */ -3,
        /* output_multiplier */ 1073741824,
        /* output_shift */ -18,
        /* minimum */ -128,
        /* maximum */ 127,
    };
    cnnc_add_s8(&call_0, arena + 16, arena, arena);
}

static void branching_trace(const struct branching_context *context, int32_t layer,
                            const void *data, size_t bytes) {
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

enum branching_status branching_init(struct branching_context *context, void *arena, size_t bytes) {
    if (context == NULL) {
        return BRANCHING_ERROR_NULL;
    }
    memset(context, 0, sizeof *context);
    if (arena == NULL) {
        return BRANCHING_ERROR_NULL;
    }
    if (bytes < BRANCHING_ARENA_BYTES) {
        return BRANCHING_ERROR_ARENA_SIZE;
    }
    if ((uintptr_t)arena % BRANCHING_ARENA_ALIGNMENT != 0) {
        return BRANCHING_ERROR_ARENA_ALIGNMENT;
    }
    context->arena = (int8_t *)arena;
    return BRANCHING_OK;
}

#ifdef BRANCHING_STATIC_ARENA
enum branching_status branching_init_static(struct branching_context *context) {
    return branching_init(context, branching_arena, sizeof branching_arena);
}
#endif

static int8_t *branching_arena_of(const struct branching_context *context) {
    return context == NULL ? NULL : context->arena;
}

int8_t *branching_input_0(const struct branching_context *context) {
    int8_t *const arena = branching_arena_of(context);
    return arena == NULL ? NULL : arena;
}

int8_t *branching_input_1(const struct branching_context *context) {
    int8_t *const arena = branching_arena_of(context);
    return arena == NULL ? NULL : arena + 16;
}

const int8_t *branching_output_0(const struct branching_context *context) {
    int8_t *const arena = branching_arena_of(context);
    return arena == NULL ? NULL : arena + 16;
}

const int8_t *branching_output_1(const struct branching_context *context) {
    int8_t *const arena = branching_arena_of(context);
    return arena == NULL ? NULL : arena;
}

enum branching_status branching_run(struct branching_context *context) {
    if (context == NULL) {
        return BRANCHING_ERROR_NULL;
    }
    if (context->arena == NULL) {
        return BRANCHING_ERROR_NOT_INITIALIZED;
    }
    branching_trace(context, 0, context->arena + 16, 8);
    branching_layer_1_add(context);
    branching_trace(context, 1, context->arena + 16, 8);
    branching_layer_2_add(context);
    branching_trace(context, 2, context->arena + 16, 8);
    branching_trace(context, 3, context->arena + 16, 8);
    branching_layer_4_add(context);
    branching_trace(context, 4, context->arena, 8);
    return BRANCHING_OK;
}

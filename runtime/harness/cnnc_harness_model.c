/* SPDX-License-Identifier: MIT-0 */
/* Ties the harness to one model. The build defines
 *   CNNC_HARNESS_HEADER       "lenet.h"
 *   CNNC_HARNESS_CONTEXT      struct lenet_context
 *   CNNC_HARNESS_INIT         lenet_init; likewise LOAD and RUN
 *   CNNC_HARNESS_ARENA_BYTES  LENET_ARENA_BYTES; likewise WEIGHTS_BYTES and LAYER_COUNT
 *   CNNC_HARNESS_INPUTS       PORT(lenet_input, 784) for each input in order; likewise OUTPUTS
 *   CNNC_HARNESS_WEIGHTS      only for weights that are loaded: their file, see .._weights.S
 *   CNNC_HARNESS_START        only with threads: lenet_start_threads; likewise STOP
 *   CNNC_HARNESS_BEST_SET     only with kernel sets: lenet_best_kernel_set(); how many in plain C
 * Threads run in the build with trace; the other one counts instructions.
 * Names are whole: the model's name alone may be a macro of the C library. */
#include "cnnc_harness.h"

#include <string.h>

#include CNNC_HARNESS_HEADER

#ifdef CNNC_HARNESS_WEIGHTS
extern const uint8_t cnnc_harness_weights[];
#endif

int32_t cnnc_harness_kernel_set = -1;

int32_t cnnc_harness_has_kernel_set(void) {
#ifdef CNNC_HARNESS_BEST_SET
    return cnnc_harness_kernel_set <= CNNC_HARNESS_BEST_SET;
#else
    return cnnc_harness_kernel_set <= 0;
#endif
}

static int32_t infer(void *arena, const int8_t *inputs, int8_t *outputs, cnnc_harness_trace trace,
                     void *user) {
    CNNC_HARNESS_CONTEXT context;
    int32_t status = (int32_t)CNNC_HARNESS_INIT(&context, arena, CNNC_HARNESS_ARENA_BYTES);
    if (status != 0) {
        return status;
    }
#ifdef CNNC_HARNESS_WEIGHTS
    status = (int32_t)CNNC_HARNESS_LOAD(&context, cnnc_harness_weights, CNNC_HARNESS_WEIGHTS_BYTES);
    if (status != 0) {
        return status;
    }
#endif
#ifdef CNNC_HARNESS_BEST_SET
    if (cnnc_harness_kernel_set >= 0) {
        context.kernel_set = cnnc_harness_kernel_set;
    }
#endif
#ifdef CNNC_TRACE
    context.trace = trace;
    context.trace_user = user;
#else
    (void)trace;
    (void)user;
#endif
#define PORT(function, bytes)                  \
    memcpy(function(&context), inputs, bytes); \
    inputs += (bytes);
    CNNC_HARNESS_INPUTS
#undef PORT
#if defined(CNNC_HARNESS_START) && defined(CNNC_TRACE)
    status = (int32_t)CNNC_HARNESS_START(&context);
    if (status != 0) {
        return status;
    }
#endif
    cnnc_harness_begin();
    cnnc_harness_mark();
    status = (int32_t)CNNC_HARNESS_RUN(&context);
    cnnc_harness_mark();
    cnnc_harness_end();
#if defined(CNNC_HARNESS_START) && defined(CNNC_TRACE)
    CNNC_HARNESS_STOP(&context);
#endif
#define PORT(function, bytes)                   \
    memcpy(outputs, function(&context), bytes); \
    outputs += (bytes);
    CNNC_HARNESS_OUTPUTS
#undef PORT
    return status;
}

/* One term of a sum. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define PORT(function, bytes) +(bytes)
const struct cnnc_harness_model cnnc_harness_model = {
    CNNC_HARNESS_ARENA_BYTES, CNNC_HARNESS_LAYER_COUNT, 0 CNNC_HARNESS_INPUTS,
    0 CNNC_HARNESS_OUTPUTS, infer};

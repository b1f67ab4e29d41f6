/* SPDX-License-Identifier: MIT-0 */
/* Ties the harness to one model. The build defines
 *   CNNC_HARNESS_HEADER   "lenet.h"
 *   CNNC_HARNESS_NAME     lenet
 *   CNNC_HARNESS_MACRO    LENET
 *   CNNC_HARNESS_INPUTS   PORT(lenet_input, 784) for each input in order; likewise OUTPUTS
 *   CNNC_HARNESS_WEIGHTS  only for weights that are loaded: their file, see .._weights.S */
#include "cnnc_harness.h"

#include <string.h>

#include CNNC_HARNESS_HEADER

#define PASTE_EXPANDED(left, right) left##right
#define PASTE(left, right) PASTE_EXPANDED(left, right)
#define SYMBOL(suffix) PASTE(CNNC_HARNESS_NAME, suffix)
#define MACRO(suffix) PASTE(CNNC_HARNESS_MACRO, suffix)

#ifdef CNNC_HARNESS_WEIGHTS
extern const uint8_t cnnc_harness_weights[];
#endif

static int32_t infer(void *arena, const int8_t *inputs, int8_t *outputs, cnnc_harness_trace trace,
                     void *user) {
    struct SYMBOL(_context) context;
    int32_t status = (int32_t)SYMBOL(_init)(&context, arena, MACRO(_ARENA_BYTES));
    if (status != 0) {
        return status;
    }
#ifdef CNNC_HARNESS_WEIGHTS
    status = (int32_t)SYMBOL(_load)(&context, cnnc_harness_weights, MACRO(_WEIGHTS_BYTES));
    if (status != 0) {
        return status;
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
    inputs += bytes;
    CNNC_HARNESS_INPUTS
#undef PORT
    status = (int32_t)SYMBOL(_run)(&context);
#define PORT(function, bytes)                   \
    memcpy(outputs, function(&context), bytes); \
    outputs += bytes;
    CNNC_HARNESS_OUTPUTS
#undef PORT
    return status;
}

#define PORT(function, bytes) +bytes
const struct cnnc_harness_model cnnc_harness_model = {
    MACRO(_ARENA_BYTES), MACRO(_LAYER_COUNT), 0 CNNC_HARNESS_INPUTS, 0 CNNC_HARNESS_OUTPUTS, infer};

/* SPDX-License-Identifier: MIT-0 */
/* Example: one inference, its output printed as int8 and as real numbers. */
#include "chain.h"

#include "cnnc/cnnc_common.h"

#include <stdio.h>

CNNC_ALIGNED(CHAIN_ARENA_ALIGNMENT)
static int8_t arena[CHAIN_ARENA_BYTES];

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

static void print_values(const char *title, const int8_t *q, size_t count, float scale,
                         int zero_point) {
    (void)printf("%s\n", title);
    for (size_t i = 0; i < count; i++) {
        const float real = scale * (float)(q[i] - zero_point);
        (void)printf("%6lu %5d %12g\n", (unsigned long)i, q[i], (double)real);
    }
}

int main(void) {
    struct chain_context context;
    enum chain_status status = chain_init(&context, arena, sizeof arena);
    if (status == CHAIN_OK) {
        status = chain_selftest(&context);
    }
    if (status != CHAIN_OK) {
        (void)printf("failed with status %d: %s\n", (int)status, reason_of(status));
        return 1;
    }
    print_values("output", chain_output(&context), CHAIN_OUTPUT_BYTES, CHAIN_OUTPUT_SCALE,
                 CHAIN_OUTPUT_ZERO_POINT);
    (void)printf("selftest ok\n");
    return 0;
}

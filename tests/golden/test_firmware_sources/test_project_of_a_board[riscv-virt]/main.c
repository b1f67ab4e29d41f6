/* SPDX-License-Identifier: MIT-0 */
/* One inference on an embedded input; its output is printed and compared with the compiler's. */
#include "chain.h"

#include "cnnc/cnnc_common.h"
#include "cnnc_firmware.h"

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

static void print_values(const char *title, const int8_t *values, size_t count) {
    cnnc_print(title);
    for (size_t i = 0; i < count; i++) {
        cnnc_print(" ");
        cnnc_print_decimal(values[i]);
    }
    cnnc_print("\n");
}

static enum chain_status infer(struct chain_context *context) {
    const enum chain_status status = chain_init(context, arena, sizeof arena);
    if (status != CHAIN_OK) {
        return status;
    }
    return chain_selftest(context);
}

int main(void) {
    struct chain_context context;
    const enum chain_status status = infer(&context);
    if (status != CHAIN_OK) {
        cnnc_print("failed with status ");
        cnnc_print_decimal((int32_t)status);
        cnnc_print(": ");
        cnnc_print(reason_of(status));
        cnnc_print("\n");
        return 1;
    }
    print_values("output", chain_output(&context), CHAIN_OUTPUT_BYTES);
    cnnc_print("selftest ok\n");
    return 0;
}

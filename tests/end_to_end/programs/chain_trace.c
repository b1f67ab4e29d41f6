/* SPDX-License-Identifier: MIT-0 */
/* Runs one input from standard input; prints what the trace hook sees, a line for each layer. */
#include "chain.h"

#include <stdio.h>

static int8_t arena[CHAIN_ARENA_BYTES] __attribute__((aligned(CHAIN_ARENA_ALIGNMENT)));

static void print_layer(void *user, int32_t layer, const void *data, size_t bytes) {
    const uint8_t *values = (const uint8_t *)data;
    int *calls = (int *)user;
    printf("%d %d ", (*calls)++, (int)layer);
    for (size_t i = 0; i < bytes; ++i) {
        printf("%02x", values[i]);
    }
    printf("\n");
}

int main(void) {
    struct chain_context context;
    int calls = 0;
    if (chain_init(&context, arena, sizeof arena) != CHAIN_OK) {
        return 1;
    }
    context.trace = print_layer;
    context.trace_user = &calls;
    if (fread(chain_input(&context), 1, CHAIN_INPUT_BYTES, stdin) != CHAIN_INPUT_BYTES) {
        return 2;
    }
    if (chain_run(&context) != CHAIN_OK) {
        return 3;
    }
    return calls == CHAIN_LAYER_COUNT ? 0 : 4;
}

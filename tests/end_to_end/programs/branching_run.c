/* SPDX-License-Identifier: MIT-0 */
/* Two inputs from standard input, two outputs to standard output. */
#include "branching.h"

#include <stdio.h>

static int8_t arena[BRANCHING_ARENA_BYTES] __attribute__((aligned(BRANCHING_ARENA_ALIGNMENT)));

int main(void) {
    struct branching_context context;
    if (branching_init(&context, arena, sizeof arena) != BRANCHING_OK) {
        return 1;
    }
    if (fread(branching_input_0(&context), 1, BRANCHING_INPUT_0_BYTES, stdin) !=
            BRANCHING_INPUT_0_BYTES ||
        fread(branching_input_1(&context), 1, BRANCHING_INPUT_1_BYTES, stdin) !=
            BRANCHING_INPUT_1_BYTES) {
        return 2;
    }
    if (branching_run(&context) != BRANCHING_OK) {
        return 3;
    }
    fwrite(branching_output_0(&context), 1, BRANCHING_OUTPUT_0_BYTES, stdout);
    fwrite(branching_output_1(&context), 1, BRANCHING_OUTPUT_1_BYTES, stdout);
    return 0;
}

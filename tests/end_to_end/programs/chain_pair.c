/* SPDX-License-Identifier: MIT-0 */
/* Two networks in one program, each in two contexts that take turns; standard input has an input
 * for each context, standard output gets the outputs. */
#include "chain.h"
#include "other.h"

#include <stdio.h>

static int8_t arenas[4][CHAIN_ARENA_BYTES] __attribute__((aligned(CHAIN_ARENA_ALIGNMENT)));

int main(void) {
    struct chain_context chains[2];
    struct other_context others[2];
    for (int i = 0; i < 2; ++i) {
        if (chain_init(&chains[i], arenas[i], CHAIN_ARENA_BYTES) != CHAIN_OK ||
            other_init(&others[i], arenas[2 + i], OTHER_ARENA_BYTES) != OTHER_OK) {
            return 1;
        }
    }
    for (int i = 0; i < 2; ++i) {
        if (fread(chain_input(&chains[i]), 1, CHAIN_INPUT_BYTES, stdin) != CHAIN_INPUT_BYTES ||
            fread(other_input(&others[i]), 1, OTHER_INPUT_BYTES, stdin) != OTHER_INPUT_BYTES) {
            return 2;
        }
    }
    for (int i = 0; i < 2; ++i) {
        if (chain_run(&chains[i]) != CHAIN_OK || other_run(&others[i]) != OTHER_OK) {
            return 3;
        }
    }
    for (int i = 0; i < 2; ++i) {
        fwrite(chain_output(&chains[i]), 1, CHAIN_OUTPUT_BYTES, stdout);
        fwrite(other_output(&others[i]), 1, OTHER_OUTPUT_BYTES, stdout);
    }
    return 0;
}

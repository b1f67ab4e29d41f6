/* SPDX-License-Identifier: MIT-0 */
/* What loading weights from a file accepts; exits with the first line that fails. */
#include "chain.h"

#include <stdio.h>

#define EXPECT(condition)                           \
    do {                                            \
        if (!(condition)) {                         \
            return __LINE__ > 255 ? 255 : __LINE__; \
        }                                           \
    } while (0)

static int8_t arena[CHAIN_ARENA_BYTES] __attribute__((aligned(CHAIN_ARENA_ALIGNMENT)));
static uint8_t weights[CHAIN_WEIGHTS_BYTES + CHAIN_WEIGHTS_ALIGNMENT]
    __attribute__((aligned(CHAIN_WEIGHTS_ALIGNMENT)));

int main(int argc, char **argv) {
    struct chain_context context;
    const size_t size = CHAIN_WEIGHTS_BYTES;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    EXPECT(file != NULL);
    EXPECT(fread(weights, 1, sizeof weights, file) == size);
    EXPECT(fclose(file) == 0);

    EXPECT(chain_init(&context, NULL, 0) == CHAIN_ERROR_NULL);
    EXPECT(chain_load(&context, weights, size) == CHAIN_ERROR_NOT_INITIALIZED);
    EXPECT(chain_init(&context, arena, sizeof arena) == CHAIN_OK);
    EXPECT(chain_run(&context) == CHAIN_ERROR_NO_WEIGHTS);
    EXPECT(chain_load(NULL, weights, size) == CHAIN_ERROR_NULL);
    EXPECT(chain_load(&context, NULL, size) == CHAIN_ERROR_NULL);
    EXPECT(chain_load(&context, weights, size - 1) == CHAIN_ERROR_WEIGHTS_SIZE);
    EXPECT(chain_load(&context, weights + 1, size) == CHAIN_ERROR_WEIGHTS_ALIGNMENT);
    weights[3] ^= 1U;
    EXPECT(chain_load(&context, weights, size) == CHAIN_ERROR_WEIGHTS_CRC32);
    EXPECT(chain_run(&context) == CHAIN_ERROR_NO_WEIGHTS);
    weights[3] ^= 1U;
    EXPECT(chain_load(&context, weights, size) == CHAIN_OK);
    EXPECT(chain_selftest(&context) == CHAIN_OK);
    return 0;
}

/* SPDX-License-Identifier: MIT-0 */
/* Every status that the functions of a network can return; exits with the first line that fails. */
#include "chain.h"

#define EXPECT(condition)                           \
    do {                                            \
        if (!(condition)) {                         \
            return __LINE__ > 255 ? 255 : __LINE__; \
        }                                           \
    } while (0)

static int8_t arena[CHAIN_ARENA_BYTES + CHAIN_ARENA_ALIGNMENT]
    __attribute__((aligned(CHAIN_ARENA_ALIGNMENT)));

int main(void) {
    struct chain_context context;
    EXPECT(chain_init(NULL, arena, sizeof arena) == CHAIN_ERROR_NULL);
    EXPECT(chain_init(&context, NULL, sizeof arena) == CHAIN_ERROR_NULL);
    EXPECT(chain_input(&context) == NULL);
    EXPECT(chain_output(&context) == NULL);
    EXPECT(chain_run(&context) == CHAIN_ERROR_NOT_INITIALIZED);
    EXPECT(chain_selftest(&context) == CHAIN_ERROR_NOT_INITIALIZED);
    EXPECT(chain_init(&context, arena, CHAIN_ARENA_BYTES - 1) == CHAIN_ERROR_ARENA_SIZE);
    EXPECT(chain_init(&context, arena + 1, CHAIN_ARENA_BYTES) == CHAIN_ERROR_ARENA_ALIGNMENT);
    EXPECT(chain_run(&context) == CHAIN_ERROR_NOT_INITIALIZED);
    EXPECT(chain_run(NULL) == CHAIN_ERROR_NULL);
    EXPECT(chain_input(NULL) == NULL);

    EXPECT(chain_init(&context, arena, CHAIN_ARENA_BYTES) == CHAIN_OK);
    EXPECT(chain_input(&context) >= arena);
    EXPECT(chain_input(&context) + CHAIN_INPUT_BYTES <= arena + CHAIN_ARENA_BYTES);
    EXPECT(chain_output(&context) >= arena);
    EXPECT(chain_output(&context) + CHAIN_OUTPUT_BYTES <= arena + CHAIN_ARENA_BYTES);
    EXPECT(chain_run(&context) == CHAIN_OK);
    EXPECT(chain_selftest(&context) == SELFTEST_STATUS);
    EXPECT(chain_init_static(&context) == CHAIN_OK);
    EXPECT(chain_selftest(&context) == SELFTEST_STATUS);
    return 0;
}

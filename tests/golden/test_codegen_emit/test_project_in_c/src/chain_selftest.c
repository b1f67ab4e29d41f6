/* SPDX-License-Identifier: MIT-0 */
/* One input and what the compiler's simulator computed for it, to the byte. */
#include "chain.h"

#include "cnnc/cnnc_common.h"

/* clang-format off */
CNNC_WEIGHTS_SECTION
static const int8_t chain_golden_input[CHAIN_INPUT_BYTES] = {
     -33,    2,   66,   89,   79,  107, -113,   35,
     -95,   87,   89,    2,  120,   61, -112,  -59,
      56,  104,   77,  -50,   41,  -67,   -3, -118,
};

CNNC_WEIGHTS_SECTION
static const int8_t chain_golden_output[CHAIN_OUTPUT_BYTES] = {
    -128,  127,   -8,
};

/* clang-format on */

enum chain_status chain_selftest(struct chain_context *context) {
    if (chain_input(context) == NULL) {
        return CHAIN_ERROR_NOT_INITIALIZED;
    }
    memcpy(chain_input(context), chain_golden_input, CHAIN_INPUT_BYTES);
    const enum chain_status status = chain_run(context);
    if (status != CHAIN_OK) {
        return status;
    }
    const int8_t *const output = chain_output(context);
    if (memcmp(output, chain_golden_output, CHAIN_OUTPUT_BYTES) != 0) {
        return CHAIN_ERROR_SELFTEST;
    }
    return CHAIN_OK;
}

/* SPDX-License-Identifier: MIT-0 */
/* Floats in ONNX order from standard input; prints them quantized, then every int8 dequantized. */
#include "chain.h"

#include <stdio.h>

int main(void) {
    float real[CHAIN_INPUT_BYTES];
    int8_t quantized[CHAIN_INPUT_BYTES];
    while (fread(real, sizeof(float), CHAIN_INPUT_BYTES, stdin) == CHAIN_INPUT_BYTES) {
        chain_quantize_input(real, quantized);
        fwrite(quantized, 1, sizeof quantized, stdout);
    }
    for (int q = -128; q < 128; ++q) {
        const int8_t result[CHAIN_OUTPUT_BYTES] = {(int8_t)q, (int8_t)q, (int8_t)q};
        chain_dequantize_output(result, real);
        fwrite(real, sizeof(float), CHAIN_OUTPUT_BYTES, stdout);
    }
    return 0;
}

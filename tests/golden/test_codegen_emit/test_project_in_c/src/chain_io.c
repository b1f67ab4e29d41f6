/* SPDX-License-Identifier: MIT-0 */
/* Between tensors in the order of the ONNX model and those in memory's order. */
#include "chain.h"

/* real / scale to the nearest integer, ties away from zero, as the compiler's simulator does. */
static int8_t chain_quantize(float real, float scale, int32_t zero_point) {
    const float scaled = real / scale;
    /* Far beyond int8, and false for NaN: a cast of such a number would be undefined. */
    const float raised = scaled > -1024.0f ? scaled : -1024.0f;
    const float bounded = raised < 1024.0f ? raised : 1024.0f;
    const int32_t whole = (int32_t)bounded;
    const float rest = bounded - (float)whole;
    int32_t q = whole + zero_point;
    q += rest >= 0.5f ? 1 : 0;
    q -= rest <= -0.5f ? 1 : 0;
    q = q < -128 ? -128 : q;
    return (int8_t)(q > 127 ? 127 : q);
}

void chain_quantize_input(const float *real, int8_t *quantized) {
    for (size_t axis_0 = 0; axis_0 < 12; axis_0++) {
        for (size_t axis_1 = 0; axis_1 < 2; axis_1++) {
            const float x = real[axis_0 + axis_1 * 12];
            *quantized++ = chain_quantize(x, CHAIN_INPUT_SCALE, CHAIN_INPUT_ZERO_POINT);
        }
    }
}

void chain_dequantize_output(const int8_t *quantized, float *real) {
    for (size_t axis_0 = 0; axis_0 < 3; axis_0++) {
        const int32_t q = *quantized++ - CHAIN_OUTPUT_ZERO_POINT;
        real[axis_0] = CHAIN_OUTPUT_SCALE * (float)q;
    }
}

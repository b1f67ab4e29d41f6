/* Applies one function to pairs of floats on stdin: x, y, x, y, ... */
#include <stdio.h>
#include <stdlib.h>

#include "cnnc_float_pow.h"
#include "cnnc_float_trigonometry.h"

typedef float (*function_of_two)(float x, float y);

#define UNARY(name)                            \
    static float name##_of(float x, float y) { \
        (void)y;                               \
        return cnnc_float_##name(x);           \
    }

UNARY(exp)
UNARY(expm1)
UNARY(log)
UNARY(log1p)
UNARY(sigmoid)
UNARY(tanh)
UNARY(erf)
UNARY(sqrt)
UNARY(sin)
UNARY(cos)

static float pow_of(float x, float y) { return cnnc_float_pow(x, y); }

static const struct {
    const char *name;
    function_of_two apply;
} functions[] = {
    {"exp", exp_of},         {"expm1", expm1_of}, {"log", log_of}, {"log1p", log1p_of},
    {"sigmoid", sigmoid_of}, {"tanh", tanh_of},   {"erf", erf_of}, {"sqrt", sqrt_of},
    {"sin", sin_of},         {"cos", cos_of},     {"pow", pow_of},
};

int main(int count, char **words) {
    float pair[2];
    for (size_t i = 0; count == 2 && i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(words[1], functions[i].name) != 0) {
            continue;
        }
        while (fread(pair, sizeof pair, 1, stdin) == 1) {
            const float result = functions[i].apply(pair[0], pair[1]);
            fwrite(&result, sizeof result, 1, stdout);
        }
        return EXIT_SUCCESS;
    }
    return EXIT_FAILURE;
}

/* SPDX-License-Identifier: MIT-0 */
/* Reads rows of eight int32 numbers: the function, then its arguments; writes one result each. */
#include "cnnc_fixed_point_functions.h"

#include <stdio.h>

static int32_t answer(const int32_t *row) {
    switch (row[0]) {
    case 0:
        return cnnc_doubling_high_multiply(row[1], row[2]);
    case 1:
        return cnnc_rounding_shift_right(row[1], row[2]);
    case 2:
        return cnnc_rescale(row[1], row[2], row[3]);
    case 3:
        return cnnc_requantize_s8(row[1], row[2], row[3], row[4], row[5], row[6]);
    case 4:
        return cnnc_saturating_shift_left(row[1], row[2]);
    case 5:
        return cnnc_exp_of_negative_q5(row[1]);
    case 6:
        return cnnc_reciprocal_of_one_plus(row[1]);
    default:
        return cnnc_clamp_s8(row[1], row[2], row[3]);
    }
}

int main(void) {
    int32_t row[8];
    while (fread(row, sizeof row, 1, stdin) == 1) {
        const int32_t result = answer(row);
        if (fwrite(&result, sizeof result, 1, stdout) != 1) {
            return 1;
        }
    }
    return 0;
}

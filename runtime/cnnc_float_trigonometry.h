/* SPDX-License-Identifier: MIT-0 */
/* Sine and cosine in float32, as cnnc_float_math.h: for every finite angle, without doubles.
 * Errors are below 2.5 units in the last place. */
#ifndef CNNC_FLOAT_TRIGONOMETRY_H
#define CNNC_FLOAT_TRIGONOMETRY_H

#include "cnnc_float_math.h"

/* An angle as quadrant * pi/2 + rest, |rest| <= pi/4. */
struct cnnc_float_angle {
    float rest;
    int32_t quadrant;
};

/* The angle's distance from a multiple of pi/2: x * 2/pi modulo 4 in integers, for any finite x. */
CNNC_KERNEL struct cnnc_float_angle cnnc_float_reduce(float x) {
    /* 32 zero bits, then 2/pi. */
    static const uint32_t two_over_pi[8] = {0x00000000U, 0xa2f9836eU, 0x4e441529U, 0xfc2757d1U,
                                            0xf534ddc0U, 0xdb629599U, 0x3c439041U, 0xfe5163abU};
    struct cnnc_float_angle angle = {x, 0};
    const int32_t bits = cnnc_float_bits(x) & 0x7fffffff;
    const uint32_t mantissa = ((uint32_t)bits & 0x007fffffU) | 0x00800000U;
    /* Bits of 2/pi further up only add multiples of 4. */
    const int32_t skipped = (bits >> 23) - 120;
    uint32_t words[3];
    uint64_t carry;
    uint64_t turn;
    int64_t fraction;
    if (bits < 0x3f490fdb) {
        return angle;
    }
    for (int32_t i = 0; i < 3; i++) {
        const int32_t word = skipped / 32 + i;
        const uint64_t pair = ((uint64_t)two_over_pi[word] << 32) | two_over_pi[word + 1];
        words[i] = (uint32_t)((pair << (skipped % 32)) >> 32);
    }
    carry = ((uint64_t)mantissa * words[2]) >> 32;
    turn = (uint64_t)mantissa * words[1] + carry;
    turn += (((uint64_t)mantissa * words[0]) << 32);
    /* The two highest bits count quarters; the others go to the nearest quarter. */
    angle.quadrant = (int32_t)(turn >> 62);
    turn <<= 2;
    memcpy(&fraction, &turn, sizeof fraction);
    angle.quadrant += fraction < 0 ? 1 : 0;
    angle.rest = (float)fraction * 8.51530419e-20f;
    if (x < 0.0f) {
        angle.rest = -angle.rest;
        angle.quadrant = -angle.quadrant;
    }
    return angle;
}
/* sin(angle + quarters * pi/2); NaN and infinity give NaN. */
CNNC_KERNEL float cnnc_float_sin_from(float x, int32_t quarters) {
    struct cnnc_float_angle angle;
    float z;
    float result;
    uint32_t quadrant;
    if (!(cnnc_float_abs(x) <= 3.40282347e+38f)) {
        return cnnc_float_nan();
    }
    angle = cnnc_float_reduce(x);
    quadrant = (uint32_t)(angle.quadrant + quarters) & 3U;
    z = angle.rest * angle.rest;
    if ((quadrant & 1U) == 0) {
        float p = 2.83754275e-06f;
        p = p * z + -1.98535126e-04f;
        p = p * z + 8.33338033e-03f;
        p = p * z + -1.66666672e-01f;
        result = angle.rest + angle.rest * (z * p);
    } else {
        float p = -2.89776466e-07f;
        p = p * z + 2.48229862e-05f;
        p = p * z + -1.38889824e-03f;
        p = p * z + 4.16666679e-02f;
        result = 1.0f - z * 0.5f + z * z * p;
    }
    return (quadrant & 2U) == 0 ? result : -result;
}

CNNC_KERNEL float cnnc_float_sin(float x) { return cnnc_float_sin_from(x, 0); }

CNNC_KERNEL float cnnc_float_cos(float x) { return cnnc_float_sin_from(x, 1); }

#endif

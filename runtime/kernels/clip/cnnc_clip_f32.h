/* SPDX-License-Identifier: MIT-0 */
/* min(max(x, alpha), beta) of every real number; output may be input. */
#ifndef CNNC_CLIP_F32_H
#define CNNC_CLIP_F32_H

#include "cnnc_float_math.h"
#include "cnnc_unary_f32.h"

CNNC_KERNEL float cnnc_clip_of(float x, const struct cnnc_unary_f32_parameters *p) {
    return cnnc_float_clamp(x, p->alpha, p->beta);
}

CNNC_KERNEL void cnnc_clip_f32(const struct cnnc_unary_f32_parameters *p, const float *input,
                               float *output) {
    cnnc_unary_f32(p, input, output, cnnc_clip_of);
}

#endif

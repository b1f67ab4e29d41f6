/* SPDX-License-Identifier: MIT-0 */
/* Index of the largest or smallest element along one axis. */
#ifndef CNNC_ARG_MAX_F32_H
#define CNNC_ARG_MAX_F32_H

#include "cnnc_common.h"

struct cnnc_arg_max_f32_parameters {
    int32_t outer;    /* elements of the axes before the searched one */
    int32_t depth;    /* elements along it */
    int32_t inner;    /* elements of the axes after it */
    int32_t smallest; /* 1: the least element */
    int32_t last;     /* 1: the last of equal ones, not the first */
};

/* Whether x takes the place of an extreme that was found before it. */
CNNC_KERNEL int cnnc_arg_max_f32_replaces(const struct cnnc_arg_max_f32_parameters *p, float x,
                                          float extreme) {
    if (p->smallest) {
        return p->last ? x <= extreme : x < extreme;
    }
    return p->last ? x >= extreme : x > extreme;
}

/* input: [outer][depth][inner], output: [outer][inner]. */
CNNC_KERNEL void cnnc_arg_max_f32(const struct cnnc_arg_max_f32_parameters *p,
                                  const float *CNNC_RESTRICT input, int32_t *CNNC_RESTRICT output) {
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t i = 0; i < p->inner; i++) {
            const float *line = input + (outer * p->depth) * p->inner + i;
            float extreme = line[0];
            int32_t index = 0;
            for (int32_t k = 1; k < p->depth; k++) {
                const float x = line[k * p->inner];
                if (cnnc_arg_max_f32_replaces(p, x, extreme)) {
                    extreme = x;
                    index = k;
                }
            }
            output[outer * p->inner + i] = index;
        }
    }
}

#endif

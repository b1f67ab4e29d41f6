/* SPDX-License-Identifier: MIT-0 */
/* Real numbers brought to mean 0 and variance 1 over some axes, then scaled and shifted. */
#ifndef CNNC_NORMALIZATION_F32_H
#define CNNC_NORMALIZATION_F32_H

#include "cnnc_float_math.h"

/* Elements that are added to each other before they are added to the total. */
#define CNNC_NORMALIZATION_BLOCK 256

/* Axes over which the mean is taken are reduced, the others kept; outermost first, extent 1 where
 * there are fewer. Strides are steps in input and output, scale strides in scale and offset. */
struct cnnc_normalization_f32_parameters {
    int32_t kept_extent_0;
    int32_t kept_extent_1;
    int32_t kept_extent_2;
    int32_t kept_extent_3;
    int32_t kept_stride_0;
    int32_t kept_stride_1;
    int32_t kept_stride_2;
    int32_t kept_stride_3;
    int32_t kept_scale_stride_0;
    int32_t kept_scale_stride_1;
    int32_t kept_scale_stride_2;
    int32_t kept_scale_stride_3;
    int32_t reduced_extent_0;
    int32_t reduced_extent_1;
    int32_t reduced_extent_2;
    int32_t reduced_extent_3;
    int32_t reduced_stride_0;
    int32_t reduced_stride_1;
    int32_t reduced_stride_2;
    int32_t reduced_stride_3;
    int32_t reduced_scale_stride_0;
    int32_t reduced_scale_stride_1;
    int32_t reduced_scale_stride_2;
    int32_t reduced_scale_stride_3;
    int32_t is_centered; /* whether the mean is subtracted */
    float variance_epsilon;
    float deviation_epsilon;
};

/* The inner three of four axes, and steps along all four. */
struct cnnc_normalization_axes {
    int32_t extent_1;
    int32_t extent_2;
    int32_t extent_3;
    int32_t stride_0;
    int32_t stride_1;
    int32_t stride_2;
    int32_t stride_3;
};

/* Offset of element `index`, the last axis running fastest. */
CNNC_KERNEL int32_t cnnc_normalization_offset(struct cnnc_normalization_axes axes, int32_t index) {
    const int32_t rows = index / axes.extent_3;
    const int32_t planes = rows / axes.extent_2;
    return index % axes.extent_3 * axes.stride_3 + rows % axes.extent_2 * axes.stride_2 +
           planes % axes.extent_1 * axes.stride_1 + planes / axes.extent_1 * axes.stride_0;
}

CNNC_KERNEL struct cnnc_normalization_axes
cnnc_normalization_kept(const struct cnnc_normalization_f32_parameters *p) {
    const struct cnnc_normalization_axes axes = {
        p->kept_extent_1, p->kept_extent_2, p->kept_extent_3, p->kept_stride_0,
        p->kept_stride_1, p->kept_stride_2, p->kept_stride_3};
    return axes;
}

CNNC_KERNEL struct cnnc_normalization_axes
cnnc_normalization_kept_scale(const struct cnnc_normalization_f32_parameters *p) {
    const struct cnnc_normalization_axes axes = {p->kept_extent_1,       p->kept_extent_2,
                                                 p->kept_extent_3,       p->kept_scale_stride_0,
                                                 p->kept_scale_stride_1, p->kept_scale_stride_2,
                                                 p->kept_scale_stride_3};
    return axes;
}

CNNC_KERNEL struct cnnc_normalization_axes
cnnc_normalization_reduced(const struct cnnc_normalization_f32_parameters *p) {
    const struct cnnc_normalization_axes axes = {
        p->reduced_extent_1, p->reduced_extent_2, p->reduced_extent_3, p->reduced_stride_0,
        p->reduced_stride_1, p->reduced_stride_2, p->reduced_stride_3};
    return axes;
}

CNNC_KERNEL struct cnnc_normalization_axes
cnnc_normalization_reduced_scale(const struct cnnc_normalization_f32_parameters *p) {
    const struct cnnc_normalization_axes axes = {
        p->reduced_extent_1,       p->reduced_extent_2,       p->reduced_extent_3,
        p->reduced_scale_stride_0, p->reduced_scale_stride_1, p->reduced_scale_stride_2,
        p->reduced_scale_stride_3};
    return axes;
}

CNNC_KERNEL int32_t cnnc_normalization_count(const struct cnnc_normalization_f32_parameters *p) {
    return p->reduced_extent_0 * p->reduced_extent_1 * p->reduced_extent_2 * p->reduced_extent_3;
}

/* Mean over the reduced axes of (x - shift)^2, or of x - shift: blocks of elements in order, then
 * the blocks in order. */
CNNC_KERNEL float cnnc_normalization_mean(const struct cnnc_normalization_f32_parameters *p,
                                          const float *input, float shift, int32_t is_squared) {
    const struct cnnc_normalization_axes axes = cnnc_normalization_reduced(p);
    const int32_t count = cnnc_normalization_count(p);
    float total = 0.0f;
    for (int32_t start = 0; start < count; start += CNNC_NORMALIZATION_BLOCK) {
        const int32_t rest = count - start;
        const int32_t size = rest < CNNC_NORMALIZATION_BLOCK ? rest : CNNC_NORMALIZATION_BLOCK;
        float sum = 0.0f;
        for (int32_t i = start; i < start + size; i++) {
            const float value = input[cnnc_normalization_offset(axes, i)] - shift;
            sum += is_squared ? value * value : value;
        }
        total += sum;
    }
    return total / (float)count;
}

/* What the elements of the reduced axes that start at `input` are multiplied by. */
CNNC_KERNEL float cnnc_normalization_inverse(const struct cnnc_normalization_f32_parameters *p,
                                             const float *input, float mean) {
    const float variance = cnnc_normalization_mean(p, input, mean, 1);
    const float deviation = cnnc_float_sqrt(variance + p->variance_epsilon) + p->deviation_epsilon;
    return 1.0f / deviation;
}

/* The elements of the reduced axes that start at `input`; output may be input. */
CNNC_KERNEL void cnnc_normalization_group(const struct cnnc_normalization_f32_parameters *p,
                                          const float *input, const float *scale,
                                          const float *offset, float *output) {
    const struct cnnc_normalization_axes axes = cnnc_normalization_reduced(p);
    const struct cnnc_normalization_axes scale_axes = cnnc_normalization_reduced_scale(p);
    const int32_t count = cnnc_normalization_count(p);
    const float mean = p->is_centered ? cnnc_normalization_mean(p, input, 0.0f, 0) : 0.0f;
    const float inverse = cnnc_normalization_inverse(p, input, mean);
    for (int32_t i = 0; i < count; i++) {
        const int32_t place = cnnc_normalization_offset(axes, i);
        const int32_t scale_place = cnnc_normalization_offset(scale_axes, i);
        const float normalized = (input[place] - mean) * inverse;
        output[place] = normalized * scale[scale_place] + offset[scale_place];
    }
}

/* input and output, which may be the same: all axes; scale and offset: the axes that have a scale
 * stride. */
CNNC_KERNEL void cnnc_normalization_f32(const struct cnnc_normalization_f32_parameters *p,
                                        const float *input, const float *CNNC_RESTRICT scale,
                                        const float *CNNC_RESTRICT offset, float *output) {
    const struct cnnc_normalization_axes axes = cnnc_normalization_kept(p);
    const struct cnnc_normalization_axes scale_axes = cnnc_normalization_kept_scale(p);
    const int32_t groups =
        p->kept_extent_0 * p->kept_extent_1 * p->kept_extent_2 * p->kept_extent_3;
    for (int32_t i = 0; i < groups; i++) {
        const int32_t place = cnnc_normalization_offset(axes, i);
        const int32_t scale_place = cnnc_normalization_offset(scale_axes, i);
        cnnc_normalization_group(p, input + place, scale + scale_place, offset + scale_place,
                                 output + place);
    }
}

#endif

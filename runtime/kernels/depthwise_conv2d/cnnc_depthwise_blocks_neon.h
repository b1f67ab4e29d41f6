/* SPDX-License-Identifier: MIT-0 */
/* Sixteen or eight channels of a rectangle of outputs of a depthwise convolution (NEON).
 *
 * The products of a tap stay in registers of 16 bits together with those of the taps of its chain;
 * weights are packed so that no chain can pass 16 bits. */
#ifndef CNNC_DEPTHWISE_BLOCKS_NEON_H
#define CNNC_DEPTHWISE_BLOCKS_NEON_H

#include "cnnc_neon.h"

/* Bit n: a chain ends with the n-th of nine taps. */
#define CNNC_DEPTHWISE_ENDS_2 0x110
#define CNNC_DEPTHWISE_ENDS_3 0x124
#define CNNC_DEPTHWISE_ENDS_4 0x154
#define CNNC_DEPTHWISE_ENDS_5 0x1AA

/* One block's way through a rectangle; steps in bytes. */
struct cnnc_depthwise_run_neon {
    const int8_t *input;
    int8_t *output;
    const int8_t *weights;   /* [slot][lane] */
    const int32_t *channels; /* [bias, multiplier, shift][lane] */
    const int32_t *offsets;  /* of the slots' taps */
    int32_t lanes;
    int32_t slots;
    int32_t rows;
    int32_t input_row_step;
    int32_t output_row_step;
    int32_t steps; /* whole ones in a row */
    int32_t input_step;
    int32_t output_step;
    int32_t back_bytes; /* from behind them to the last step of a row; 0: there are no more */
};

/* How sums become int8, and how many channels there are to store. */
struct cnnc_output_neon {
#if CNNC_HAS_NEON
    struct cnnc_scaling_neon scaling;
#else
    struct {
        int32_t has_left_shift;
        int32_t has_shift_of_zero;
        int32_t sees_negative;
    } scaling;
#endif
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
    int32_t stored;
};

/* Where a block is on its way: at the first step of a run of steps. */
struct cnnc_depthwise_place_neon {
    const int8_t *input;
    int8_t *output;
    int32_t row;
    int32_t steps;
    int32_t is_last; /* pixels that are left are computed, together with some for the second time */
};

CNNC_KERNEL struct cnnc_depthwise_place_neon
cnnc_depthwise_start_neon(const struct cnnc_depthwise_run_neon *run) {
    const struct cnnc_depthwise_place_neon start = {run->input, run->output, -1, 0, 0};
    return start;
}

/* Goes on to the next run of steps. */
CNNC_KERNEL int cnnc_depthwise_next_neon(const struct cnnc_depthwise_run_neon *run,
                                         struct cnnc_depthwise_place_neon *place) {
    if (run->back_bytes != 0 && place->row >= 0 && !place->is_last) {
        place->input -= run->back_bytes;
        place->output -= run->back_bytes;
        place->steps = 1;
        place->is_last = 1;
        return 1;
    }
    ++place->row;
    place->input = run->input + place->row * run->input_row_step;
    place->output = run->output + place->row * run->output_row_step;
    place->steps = run->steps;
    place->is_last = 0;
    return place->row < run->rows;
}

#if CNNC_HAS_NEON

/* Channels beyond those that exist are not stored. */
CNNC_KERNEL void cnnc_depthwise_store_8_neon(const struct cnnc_output_neon *o, int16x8_t scaled,
                                             int8_t *output) {
    int8x8_t x;
    if (o->zero_point == INT8_MIN && o->minimum == INT8_MIN) {
        /* 0..255, of which the highest bit turns into a sign when 128 are taken away. */
        x = vreinterpret_s8_u8(veor_u8(vqmovun_s16(scaled), vdup_n_u8(0x80)));
    } else {
        x = vqmovn_s16(vqaddq_s16(scaled, vdupq_n_s16((int16_t)o->zero_point)));
    }
    x = cnnc_clamp_8_neon(x, o->minimum, o->maximum);
    if (o->stored >= 8) {
        vst1_s8(output, x);
    } else {
        int8_t lanes[8];
        vst1_s8(lanes, x);
        memcpy(output, lanes, (size_t)o->stored);
    }
}

#if CNNC_HAS_NEON64

CNNC_KERNEL void cnnc_depthwise_store_16_neon(const struct cnnc_output_neon *o, int16x8_t low,
                                              int16x8_t high, int8_t *output) {
    int8x16_t x;
    if (o->zero_point == INT8_MIN && o->minimum == INT8_MIN) {
        const uint8x16_t bytes = vqmovun_high_s16(vqmovun_s16(low), high);
        x = vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(0x80)));
    } else {
        const int16x8_t zero_point = vdupq_n_s16((int16_t)o->zero_point);
        x = cnnc_narrow_to_s8_neon(vqaddq_s16(low, zero_point), vqaddq_s16(high, zero_point));
    }
    x = cnnc_clamp_16_neon(x, o->minimum, o->maximum);
    if (o->stored >= 16) {
        vst1q_s8(output, x);
    } else {
        int8_t lanes[16];
        vst1q_s8(lanes, x);
        memcpy(output, lanes, (size_t)o->stored);
    }
}

#endif

/* Constants of eight channels. */
struct cnnc_depthwise_scale_neon {
    int32x4_t bias[2];
    int32x4_t multipliers[2];
    int32x4_t shifts[2];
};

CNNC_KERNEL struct cnnc_depthwise_scale_neon
cnnc_depthwise_load_scale_neon(const struct cnnc_depthwise_run_neon *run, int32_t first) {
    const int32_t *const channels = run->channels + first;
    const struct cnnc_depthwise_scale_neon scale = {
        {vld1q_s32(channels), vld1q_s32(channels + 4)},
        {vld1q_s32(channels + run->lanes), vld1q_s32(channels + run->lanes + 4)},
        {vld1q_s32(channels + 2 * run->lanes), vld1q_s32(channels + 2 * run->lanes + 4)},
    };
    return scale;
}

/* Eight scaled sums, saturated to 16 bits. */
CNNC_KERNEL int16x8_t cnnc_depthwise_scaled_neon(const struct cnnc_output_neon *o,
                                                 const struct cnnc_depthwise_scale_neon *scale,
                                                 const int32x4_t *sums) {
    return cnnc_narrow_to_s16_neon(
        cnnc_rescale_neon(&o->scaling, sums[0], scale->multipliers[0], scale->shifts[0]),
        cnnc_rescale_neon(&o->scaling, sums[1], scale->multipliers[1], scale->shifts[1]));
}

/* Sums of eight channels plus a chain of products. */
CNNC_KERNEL void cnnc_depthwise_add_neon(int32x4_t *sums, int16x8_t chain) {
    sums[0] = vaddw_s16(sums[0], vget_low_s16(chain));
#if CNNC_HAS_NEON64
    sums[1] = vaddw_high_s16(sums[1], chain);
#else
    sums[1] = vaddw_s16(sums[1], vget_high_s16(chain));
#endif
}

/* Nine taps of eight channels. */
CNNC_KERNEL void cnnc_depthwise_nine_rows_8_neon(const struct cnnc_output_neon *o,
                                                 const struct cnnc_depthwise_run_neon *run,
                                                 uint32_t ends) {
    const struct cnnc_depthwise_scale_neon scale = cnnc_depthwise_load_scale_neon(run, 0);
    struct cnnc_depthwise_place_neon place = cnnc_depthwise_start_neon(run);
    int8x8_t weights[9];
    ptrdiff_t offsets[9];
    CNNC_UNROLL(9)
    for (int32_t tap = 0; tap < 9; ++tap) {
        weights[tap] = vld1_s8(run->weights + run->lanes * tap);
        offsets[tap] = run->offsets[tap];
    }
    while (cnnc_depthwise_next_neon(run, &place)) {
        for (int32_t step = 0; step < place.steps; ++step) {
            int32x4_t sums[2] = {scale.bias[0], scale.bias[1]};
            int16x8_t chain = vmull_s8(vld1_s8(place.input + offsets[0]), weights[0]);
            CNNC_UNROLL(8)
            for (int32_t tap = 1; tap < 9; ++tap) {
                const int8x8_t x = vld1_s8(place.input + offsets[tap]);
                if ((ends >> (tap - 1) & 1) == 0) {
                    chain = vmlal_s8(chain, x, weights[tap]);
                } else {
                    cnnc_depthwise_add_neon(sums, chain);
                    chain = vmull_s8(x, weights[tap]);
                }
            }
            cnnc_depthwise_add_neon(sums, chain);
            cnnc_depthwise_store_8_neon(o, cnnc_depthwise_scaled_neon(o, &scale, sums),
                                        place.output);
            place.input += run->input_step;
            place.output += run->output_step;
        }
    }
}

/* Taps two by two, of eight channels. */
CNNC_KERNEL void cnnc_depthwise_pair_rows_8_neon(const struct cnnc_output_neon *o,
                                                 const struct cnnc_depthwise_run_neon *run) {
    const struct cnnc_depthwise_scale_neon scale = cnnc_depthwise_load_scale_neon(run, 0);
    struct cnnc_depthwise_place_neon place = cnnc_depthwise_start_neon(run);
    while (cnnc_depthwise_next_neon(run, &place)) {
        for (int32_t step = 0; step < place.steps; ++step) {
            int32x4_t sums[2] = {scale.bias[0], scale.bias[1]};
            const int8_t *weights = run->weights;
            for (int32_t slot = 0; slot < run->slots; slot += 2) {
                int16x8_t chain =
                    vmull_s8(vld1_s8(place.input + run->offsets[slot]), vld1_s8(weights));
                weights += run->lanes;
                chain = vmlal_s8(chain, vld1_s8(place.input + run->offsets[slot + 1]),
                                 vld1_s8(weights));
                weights += run->lanes;
                cnnc_depthwise_add_neon(sums, chain);
            }
            cnnc_depthwise_store_8_neon(o, cnnc_depthwise_scaled_neon(o, &scale, sums),
                                        place.output);
            place.input += run->input_step;
            place.output += run->output_step;
        }
    }
}

#if CNNC_HAS_NEON64

/* Keeps GCC from holding halves of a vector in registers of their own, and from computing more
 * chains at a time than there are registers for. */
#if defined(__clang__)
#define CNNC_DEPTHWISE_WHOLE_NEON(x) ((void)(x))
#define CNNC_DEPTHWISE_FOUR_NEON(x) ((void)(x))
#else
#define CNNC_DEPTHWISE_WHOLE_NEON(x) __asm__("" : "+w"(x))
#define CNNC_DEPTHWISE_FOUR_NEON(x) \
    __asm__("" : "+w"((x)[0]), "+w"((x)[1]), "+w"((x)[2]), "+w"((x)[3]))
#endif

/* Products of a tap of sixteen channels, alone or added to those of its chain. */
CNNC_KERNEL void cnnc_depthwise_tap_16_neon(int16x8_t *chain, int8x16_t x, int8x16_t *weights,
                                            int is_first) {
    CNNC_DEPTHWISE_WHOLE_NEON(x);
    CNNC_DEPTHWISE_WHOLE_NEON(*weights);
    if (is_first) {
        chain[0] = vmull_s8(vget_low_s8(x), vget_low_s8(*weights));
        chain[1] = vmull_high_s8(x, *weights);
    } else {
        chain[0] = vmlal_s8(chain[0], vget_low_s8(x), vget_low_s8(*weights));
        chain[1] = vmlal_high_s8(chain[1], x, *weights);
    }
}

CNNC_KERNEL void cnnc_depthwise_nine_rows_16_neon(const struct cnnc_output_neon *o,
                                                  const struct cnnc_depthwise_run_neon *run,
                                                  uint32_t ends) {
    const struct cnnc_depthwise_scale_neon low = cnnc_depthwise_load_scale_neon(run, 0);
    const struct cnnc_depthwise_scale_neon high = cnnc_depthwise_load_scale_neon(run, 8);
    struct cnnc_depthwise_place_neon place = cnnc_depthwise_start_neon(run);
    int8x16_t weights[9];
    ptrdiff_t offsets[9];
    CNNC_UNROLL(9)
    for (int32_t tap = 0; tap < 9; ++tap) {
        weights[tap] = vld1q_s8(run->weights + 16 * tap);
        offsets[tap] = run->offsets[tap];
    }
    while (cnnc_depthwise_next_neon(run, &place)) {
        for (int32_t step = 0; step < place.steps; ++step) {
            int32x4_t sums[4] = {low.bias[0], low.bias[1], high.bias[0], high.bias[1]};
            int16x8_t chain[2];
            cnnc_depthwise_tap_16_neon(chain, vld1q_s8(place.input + offsets[0]), &weights[0], 1);
            CNNC_UNROLL(8)
            for (int32_t tap = 1; tap < 9; ++tap) {
                const int is_first = (int)(ends >> (tap - 1) & 1);
                if (is_first) {
                    cnnc_depthwise_add_neon(sums, chain[0]);
                    cnnc_depthwise_add_neon(sums + 2, chain[1]);
                    CNNC_DEPTHWISE_FOUR_NEON(sums);
                }
                cnnc_depthwise_tap_16_neon(chain, vld1q_s8(place.input + offsets[tap]),
                                           &weights[tap], is_first);
            }
            cnnc_depthwise_add_neon(sums, chain[0]);
            cnnc_depthwise_add_neon(sums + 2, chain[1]);
            cnnc_depthwise_store_16_neon(o, cnnc_depthwise_scaled_neon(o, &low, sums),
                                         cnnc_depthwise_scaled_neon(o, &high, sums + 2),
                                         place.output);
            place.input += run->input_step;
            place.output += run->output_step;
        }
    }
}

CNNC_KERNEL void cnnc_depthwise_pair_rows_16_neon(const struct cnnc_output_neon *o,
                                                  const struct cnnc_depthwise_run_neon *run) {
    const struct cnnc_depthwise_scale_neon low = cnnc_depthwise_load_scale_neon(run, 0);
    const struct cnnc_depthwise_scale_neon high = cnnc_depthwise_load_scale_neon(run, 8);
    struct cnnc_depthwise_place_neon place = cnnc_depthwise_start_neon(run);
    while (cnnc_depthwise_next_neon(run, &place)) {
        for (int32_t step = 0; step < place.steps; ++step) {
            int32x4_t sums[4] = {low.bias[0], low.bias[1], high.bias[0], high.bias[1]};
            const int8_t *weights = run->weights;
            for (int32_t slot = 0; slot < run->slots; slot += 2) {
                int8x16_t first = vld1q_s8(weights);
                int8x16_t second = vld1q_s8(weights + 16);
                int16x8_t chain[2];
                cnnc_depthwise_tap_16_neon(chain, vld1q_s8(place.input + run->offsets[slot]),
                                           &first, 1);
                cnnc_depthwise_tap_16_neon(chain, vld1q_s8(place.input + run->offsets[slot + 1]),
                                           &second, 0);
                weights += 32;
                cnnc_depthwise_add_neon(sums, chain[0]);
                cnnc_depthwise_add_neon(sums + 2, chain[1]);
            }
            cnnc_depthwise_store_16_neon(o, cnnc_depthwise_scaled_neon(o, &low, sums),
                                         cnnc_depthwise_scaled_neon(o, &high, sums + 2),
                                         place.output);
            place.input += run->input_step;
            place.output += run->output_step;
        }
    }
}

#endif

/* One kind of block; sixteen channels are two times eight where there are few registers. */
CNNC_KERNEL void cnnc_depthwise_rows_neon(const struct cnnc_output_neon *o,
                                          const struct cnnc_depthwise_run_neon *run,
                                          uint32_t ends) {
#if CNNC_HAS_NEON64
    if (run->lanes == 16) {
        if (ends != 0) {
            cnnc_depthwise_nine_rows_16_neon(o, run, ends);
        } else {
            cnnc_depthwise_pair_rows_16_neon(o, run);
        }
        return;
    }
#endif
    for (int32_t lane = 0; lane < run->lanes && lane < o->stored; lane += 8) {
        struct cnnc_depthwise_run_neon part = *run;
        struct cnnc_output_neon output = *o;
        part.input += lane;
        part.weights += lane;
        part.channels += lane;
        part.output += lane;
        output.stored -= lane;
        if (ends != 0) {
            cnnc_depthwise_nine_rows_8_neon(&output, &part, ends);
        } else {
            cnnc_depthwise_pair_rows_8_neon(&output, &part);
        }
    }
}

#else

CNNC_KERNEL void cnnc_depthwise_rows_neon(const struct cnnc_output_neon *o,
                                          const struct cnnc_depthwise_run_neon *run,
                                          uint32_t ends) {
    struct cnnc_depthwise_place_neon place = cnnc_depthwise_start_neon(run);
    const int32_t stored = o->stored < run->lanes ? o->stored : run->lanes;
    (void)ends;
    while (cnnc_depthwise_next_neon(run, &place)) {
        for (int32_t step = 0; step < place.steps; ++step) {
            for (int32_t lane = 0; lane < stored; ++lane) {
                const int32_t *const channel = run->channels + lane;
                int32_t sum = channel[0];
                for (int32_t slot = 0; slot < run->slots; ++slot) {
                    sum += place.input[run->offsets[slot] + lane] *
                           run->weights[slot * run->lanes + lane];
                }
                place.output[lane] =
                    cnnc_requantize_s8(sum, channel[run->lanes], channel[2 * run->lanes],
                                       o->zero_point, o->minimum, o->maximum);
            }
            place.input += run->input_step;
            place.output += run->output_step;
        }
    }
}

#endif

/* All outputs of a block in its number of chains; 0: taps in pairs. Only what the layer's blocks
 * have is compiled: bit n of kinds is set where n occurs. */
CNNC_KERNEL void cnnc_depthwise_block_neon(const struct cnnc_output_neon *o,
                                           const struct cnnc_depthwise_run_neon *run, int32_t kinds,
                                           int32_t chains) {
    if ((kinds & 1 << 2) != 0 && chains == 2) {
        cnnc_depthwise_rows_neon(o, run, CNNC_DEPTHWISE_ENDS_2);
    } else if ((kinds & 1 << 3) != 0 && chains == 3) {
        cnnc_depthwise_rows_neon(o, run, CNNC_DEPTHWISE_ENDS_3);
    } else if ((kinds & 1 << 4) != 0 && chains == 4) {
        cnnc_depthwise_rows_neon(o, run, CNNC_DEPTHWISE_ENDS_4);
    } else if ((kinds & 1 << 5) != 0 && chains == 5) {
        cnnc_depthwise_rows_neon(o, run, CNNC_DEPTHWISE_ENDS_5);
    } else if ((kinds & 1) != 0) {
        cnnc_depthwise_rows_neon(o, run, 0);
    }
}

#endif

/* SPDX-License-Identifier: MIT-0 */
/* cnnc_pixel_pairs_armv6m.h for cores that multiply and add in one instruction and have a 64-bit
 * product. Each run starts from 2^15, so that the upper half of its word is the upper sum without
 * rounding:
 *     upper sum = sum of (P >> 16),  lower sum = sum of P - 65536 * upper sum - 2^15 * runs.
 * Scaling is the wide one only: floor(x * m / 2^24) is the upper word of 2^8 x * m. */
#ifndef CNNC_PIXEL_PAIRS_ARMV7M_H
#define CNNC_PIXEL_PAIRS_ARMV7M_H

/* What a run of one tap jumps; as long ones do, it passes the taps that it does not have. */
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB >= 2
#define CNNC_PIXEL_PAIRS_SINGLE_CODE 200
#else
#define CNNC_PIXEL_PAIRS_SINGLE_CODE 208
#endif

#endif

/* SPDX-License-Identifier: MIT-0 */
/* The assembly beside cnnc_depthwise_strip_dsp.h, which says what the functions do. */
#include "cnnc_common.h"

#if defined(CNNC_PREFIX) && CNNC_HAS_SIMD32
#include "cnnc_arm_modes.h"

/* Bytes from one channel's plane to the next, and from one pair of lines to the next. */
#define PLANE 512
#define PAIR 128

/* ---- cnnc_depthwise_expand_dsp(target, first, second, positions, first_step, second_step) ---- */
    .section .text.cnnc_depthwise_expand_dsp, "ax", %progbits
    .global CNNC_SYMBOL(cnnc_depthwise_expand_dsp)
    .hidden CNNC_SYMBOL(cnnc_depthwise_expand_dsp)
    .type CNNC_SYMBOL(cnnc_depthwise_expand_dsp), %function
    .p2align 2
CNNC_SYMBOL(cnnc_depthwise_expand_dsp):
    push {r4-r11, lr}
    ldrd r4, r5, [sp, #36]
    subs r3, r3, #2
1:  /* Two positions; a, b: both lines of the first, c, d: of the second. */
    ldr r6, [r1]
    ldr r7, [r1, r4]
    ldr r8, [r2]
    ldr r9, [r2, r5]
    add r1, r1, r4, lsl #1
    add r2, r2, r5, lsl #1
    pkhbt r10, r6, r8, lsl #16    /* a0 a1 b0 b1 */
    pkhtb r6, r8, r6, asr #16     /* a2 a3 b2 b3 */
    pkhbt r11, r7, r9, lsl #16
    pkhtb r7, r9, r7, asr #16
    sxtb16 r8, r10
    sxtb16 r9, r11
    str r9, [r0, #4]
    str r8, [r0], #8
    sxtb16 r10, r10, ror #8
    sxtb16 r11, r11, ror #8
    str r10, [r0, #PLANE - 8]
    str r11, [r0, #PLANE - 4]
    sxtb16 r8, r6
    sxtb16 r9, r7
    str r8, [r0, #2 * PLANE - 8]
    str r9, [r0, #2 * PLANE - 4]
    sxtb16 r6, r6, ror #8
    sxtb16 r7, r7, ror #8
    str r6, [r0, #3 * PLANE - 8]
    str r7, [r0, #3 * PLANE - 4]
    subs r3, r3, #2
    bge 1b
    /* -1: one position is left, which is taken together with the one before it. */
    adds r3, r3, #1
    bne 2f
    subs r0, r0, #4
    subs r1, r1, r4
    subs r2, r2, r5
    b 1b
2:  pop {r4-r11, pc}
    .size CNNC_SYMBOL(cnnc_depthwise_expand_dsp), . - CNNC_SYMBOL(cnnc_depthwise_expand_dsp)

/* ---- cnnc_depthwise_keep_pair_dsp(planes) ---- */
    .section .text.cnnc_depthwise_keep_pair_dsp, "ax", %progbits
    .global CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)
    .hidden CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)
    .type CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp), %function
    .p2align 2
CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp):
    push {r4-r9, lr}
    add r12, r0, #4 * PLANE
1:  add r1, r0, #3 * PAIR
    .rept 4
    ldmia r1!, {r2-r9}
    stmia r0!, {r2-r9}
    .endr
    add r0, r0, #PLANE - PAIR
    cmp r0, r12
    bne 1b
    pop {r4-r9, pc}
    .size CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp), . - CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)

/* ---- Both kinds of strips: the stack frame ---- */
#define BIAS 0
#define SCALE 16      /* multiplier, addend */
#define STEPS 24      /* output: to the next line, to the next position */
#define NEXT_LINE 32  /* what the end of a line adds to the output and to the plane */
#define LINES 40      /* left */
#define ODD 44        /* whether the number of positions is */
#define ALL_LINES 48
#define CHANNELS 52   /* left */
#define CONSTANTS 56
#define PLANES 60
#define OUTPUT 64
#define FRAME 72

#define tap0 r0       /* tap t of the first and the second line */
#define tap1 r1       /* of the second and the third line */
#define tap2 r2
#define tap3 r3
#define tap4 r4
#define tap5 r5
#define sum0 r6
#define sum1 r7
#define sum2 r8
#define sum3 r9
#define x r10
#define y r11
#define plane r12
#define out lr

/* r0: the strip. Sets up the frame; \shift: log2 of the plane's bytes per output position, \lines:
 * output lines of a step. */
.macro STRIP_BEGIN shift, lines
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldmia r0, {r1-r8}                     /* the fields in order */
    cnnc_store_two r6, r4, sp, ALL_LINES         /* and CHANNELS */
    cnnc_store_two r2, r1, sp, CONSTANTS         /* and PLANES */
    str r3, [sp, #OUTPUT]
    cnnc_store_two r8, r7, sp, STEPS
    and r9, r5, #1
    str r9, [sp, #ODD]
    lsl r10, r5, #\shift
    mul r11, r5, r7
    rsb r11, r11, r8, lsl #\lines - 1
    rsb r10, r10, #PAIR
    cnnc_store_two r11, r10, sp, NEXT_LINE
.endm

/* Loads the constants of the next channel and points at its plane and output. */
.macro CHANNEL_BEGIN
    ldr x, [sp, #ALL_LINES]
    str x, [sp, #LINES]
    ldr x, [sp, #CONSTANTS]
    ldmia x!, {tap0-tap5, sum0, sum1, sum2}
    str x, [sp, #CONSTANTS]
    str sum0, [sp, #BIAS]
    cnnc_store_two sum1, sum2, sp, SCALE
    cnnc_load_two plane, out, sp, PLANES        /* and OUTPUT */
.endm

.macro CHANNEL_NEXT again
    ldrd x, y, [sp, #PLANES]
    add x, x, #PLANE
    adds y, y, #1
    strd x, y, [sp, #PLANES]
    ldr x, [sp, #CHANNELS]
    subs x, x, #1
    str x, [sp, #CHANNELS]
    bne \again
    add sp, sp, #FRAME
    pop {r4-r11, pc}
.endm

/* After two positions: more of them, or one that is left, computed together with the one before it
 * once more, or the next line. The end of the positions is a multiple of 128, or where one is left
 * its beginning is; \within: what of an address is not 0 before it, \bytes: of a position. */
.macro LINE_LOOP again, within, bytes
    tst plane, #\within
    bne \again
    tst plane, #\bytes
    bne 8f
    ldr x, [sp, #ODD]
    cmp x, #0
    beq 8f
    sub plane, plane, #\bytes
    ldr y, [sp, #STEPS + 4]
    subs out, out, y
    b \again
8:  ldrd x, y, [sp, #NEXT_LINE]
    add out, out, x
    add plane, plane, y
.endm

/* ---- cnnc_depthwise_lines_stride1_dsp(strip) ---- */
    .section .text.cnnc_depthwise_lines_stride1_dsp, "ax", %progbits
    .global CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp)
    .hidden CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp)
    .type CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp), %function
    .p2align 2
CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp):
    STRIP_BEGIN 2, 2
1:  CHANNEL_BEGIN
    ldr x, [sp, #LINES]
    cmp x, #1
    beq 5f
    /* Two lines of two positions. sum0, sum1: the first line, sum2, sum3: the second. */
2:  ldr sum3, [sp, #BIAS]
    ldrd x, y, [plane], #8                /* the first pair of lines */
    smlad sum0, x, tap0, sum3
    smlatb sum2, x, tap0, sum3
    smlad sum0, y, tap2, sum0
    smlatb sum2, y, tap2, sum2
    smlad sum1, y, tap0, sum3
    smlatb sum3, y, tap0, sum3
    ldrd x, y, [plane]
    smlad sum0, x, tap4, sum0
    smlatb sum2, x, tap4, sum2
    smlad sum1, x, tap2, sum1
    smlatb sum3, x, tap2, sum3
    smlad sum1, y, tap4, sum1
    smlatb sum3, y, tap4, sum3
    ldrd x, y, [plane, #PAIR - 8]         /* the second pair */
    smlabt sum0, x, tap1, sum0
    smlad sum2, x, tap1, sum2
    smlabt sum0, y, tap3, sum0
    smlad sum2, y, tap3, sum2
    smlabt sum1, y, tap1, sum1
    smlad sum3, y, tap1, sum3
    ldrd x, y, [plane, #PAIR]
    smlabt sum0, x, tap5, sum0
    smlad sum2, x, tap5, sum2
    smlabt sum1, x, tap3, sum1
    smlad sum3, x, tap3, sum3
    smlabt sum1, y, tap5, sum1
    smlad sum3, y, tap5, sum3
    ldrd x, y, [sp, #SCALE]
    smmla sum0, sum0, x, y
    smmla sum1, sum1, x, y
    smmla sum2, sum2, x, y
    smmla sum3, sum3, x, y
    ldrd x, y, [sp, #STEPS]
    ssat sum0, #8, sum0, asr #12
    ssat sum1, #8, sum1, asr #12
    ssat sum2, #8, sum2, asr #12
    ssat sum3, #8, sum3, asr #12
    strb sum2, [out, x]
    strb sum0, [out]
    add out, out, y
    strb sum3, [out, x]
    strb sum1, [out]
    add out, out, y
    LINE_LOOP 2b, 0x78, 4
    ldr x, [sp, #LINES]
    subs x, x, #2
    str x, [sp, #LINES]
    beq 7f
    cmp x, #1
    bne 2b
    /* One line is left. */
5:  ldr sum1, [sp, #BIAS]
    ldrd x, y, [plane], #8
    smlad sum0, x, tap0, sum1
    smlad sum0, y, tap2, sum0
    smlad sum1, y, tap0, sum1
    ldrd x, y, [plane]
    smlad sum0, x, tap4, sum0
    smlad sum1, x, tap2, sum1
    smlad sum1, y, tap4, sum1
    ldrd x, y, [plane, #PAIR - 8]
    smlabt sum0, x, tap1, sum0
    smlabt sum0, y, tap3, sum0
    smlabt sum1, y, tap1, sum1
    ldrd x, y, [plane, #PAIR]
    smlabt sum0, x, tap5, sum0
    smlabt sum1, x, tap3, sum1
    smlabt sum1, y, tap5, sum1
    ldrd x, y, [sp, #SCALE]
    smmla sum0, sum0, x, y
    smmla sum1, sum1, x, y
    ldr y, [sp, #STEPS + 4]
    ssat sum0, #8, sum0, asr #12
    ssat sum1, #8, sum1, asr #12
    strb sum0, [out]
    add out, out, y
    strb sum1, [out]
    add out, out, y
    LINE_LOOP 5b, 0x78, 4
7:  CHANNEL_NEXT 1b
    .size CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp), . - CNNC_SYMBOL(cnnc_depthwise_lines_stride1_dsp)

/* ---- cnnc_depthwise_lines_stride2_dsp(strip) ---- */
    .section .text.cnnc_depthwise_lines_stride2_dsp, "ax", %progbits
    .global CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp)
    .hidden CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp)
    .type CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp), %function
    .p2align 2
CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp):
    STRIP_BEGIN 3, 1
1:  CHANNEL_BEGIN
    /* Two positions of a line; sum2 is their bias, sum3 the step to the next position. */
    ldr sum2, [sp, #BIAS]
    ldr sum3, [sp, #STEPS + 4]
2:  ldmia plane!, {sum0, sum1, x, y}      /* the first pair of lines */
    smlad sum0, sum0, tap0, sum2
    smlad sum0, sum1, tap2, sum0
    smlad sum0, x, tap4, sum0
    smlad sum1, x, tap0, sum2
    smlad sum1, y, tap2, sum1
    ldr x, [plane]
    ldr y, [plane, #PAIR - 16]            /* the second pair */
    smlad sum1, x, tap4, sum1
    smlabt sum0, y, tap1, sum0
    ldrd x, y, [plane, #PAIR - 12]
    smlabt sum0, x, tap3, sum0
    smlabt sum0, y, tap5, sum0
    smlabt sum1, y, tap1, sum1
    ldrd x, y, [plane, #PAIR - 4]
    smlabt sum1, x, tap3, sum1
    smlabt sum1, y, tap5, sum1
    ldrd x, y, [sp, #SCALE]
    smmla sum0, sum0, x, y
    smmla sum1, sum1, x, y
    ssat sum0, #8, sum0, asr #12
    ssat sum1, #8, sum1, asr #12
    strb sum0, [out]
    add out, out, sum3
    strb sum1, [out]
    add out, out, sum3
    LINE_LOOP 2b, 0x70, 8
    ldr x, [sp, #LINES]
    subs x, x, #1
    str x, [sp, #LINES]
    bne 2b
    CHANNEL_NEXT 1b
    .size CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp), . - CNNC_SYMBOL(cnnc_depthwise_lines_stride2_dsp)
#endif

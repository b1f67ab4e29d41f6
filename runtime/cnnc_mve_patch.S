/* SPDX-License-Identifier: MIT-0 */
/* Copies of rows and of the pixels under a kernel: see cnnc_mve_patch.h. */
#if defined(CNNC_PREFIX) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)

#include "cnnc_common.h"

    .syntax unified
    .thumb

/* r0 target, r1 source, r2 bytes. */
.macro PATCH_COPY_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r7, lr}
    wlstp.8 lr, r2, .L\name\()_done
.L\name\()_next:
    vldrb.u8 q0, [r1], #16
    vstrb.8 q0, [r0], #16
    letp lr, .L\name\()_next
.L\name\()_done:
    pop {r7, pc}
    .size \name, . - \name
.endm

/* r0 target, r1 value, r2 bytes. */
.macro PATCH_FILL_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r7, lr}
    vdup.8 q0, r1
    wlstp.8 lr, r2, .L\name\()_done
.L\name\()_next:
    vstrb.8 q0, [r0], #16
    letp lr, .L\name\()_next
.L\name\()_done:
    pop {r7, pc}
    .size \name, . - \name
.endm

/* r0 patches, r1 rows, r2 number of rows, r3 bytes of a row in the patch; on the stack the stride of
 * patches, the offset into the rows, its step and the number of patches. */
.macro PATCH_GATHER_FUNCTION name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .hidden \name
    .type \name, %function
\name:
    push {r4-r11, lr}
    ldrd r4, r5, [sp, #36]
    ldr r6, [sp, #48]
    vctp.8 r3
.L\name\()_pixel:
    mov r8, r1
    mov r9, r0
    cmp r3, #16
    bhi .L\name\()_wide
    dls lr, r2
.L\name\()_narrow_row:
    ldr r10, [r8], #4
    add r10, r10, r5
    vpstt
    vldrbt.u8 q0, [r10]
    vstrbt.8 q0, [r9]
    add r9, r9, r3
    le lr, .L\name\()_narrow_row
    b .L\name\()_end
.L\name\()_wide:
    mov r11, r2
.L\name\()_wide_row:
    ldr r10, [r8], #4
    add r10, r10, r5
    mov r12, r9
    dlstp.8 lr, r3
.L\name\()_bytes:
    vldrb.u8 q0, [r10], #16
    vstrb.8 q0, [r12], #16
    letp lr, .L\name\()_bytes
    add r9, r9, r3
    subs r11, r11, #1
    bne .L\name\()_wide_row
.L\name\()_end:
    ldr r10, [sp, #44]
    add r0, r0, r4
    add r5, r5, r10
    subs r6, r6, #1
    bne .L\name\()_pixel
    pop {r4-r11, pc}
    .size \name, . - \name
.endm

PATCH_COPY_FUNCTION CNNC_SYMBOL(mve_copy)
PATCH_FILL_FUNCTION CNNC_SYMBOL(mve_fill)
PATCH_GATHER_FUNCTION CNNC_SYMBOL(mve_gather)
#endif

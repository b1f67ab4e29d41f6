/* SPDX-License-Identifier: MIT-0 */
/* Reset and traps of RISC-V in machine mode. */
#include "cnnc_firmware.h"

void _start(void);
void cnnc_trap(void);
void cnnc_examine_trap(uint32_t cause, uint32_t address, uint32_t value);

/* The instructions that touch control registers are given as numbers, because assemblers differ in
 * which -march they ask for: csrw mtvec, t0; csrr a0, mcause; csrr a1, mepc; csrr a2, mtval. */
#define CSRW_MTVEC_T0 ".word 0x30529073\n"
#define CSRR_A0_MCAUSE ".word 0x34202573\n"
#define CSRR_A1_MEPC ".word 0x341025f3\n"
#define CSRR_A2_MTVAL ".word 0x34302673\n"

/* NOLINTNEXTLINE(bugprone-reserved-identifier): the name that linkers and debuggers expect */
__attribute__((naked, used, section(".start"))) void _start(void) {
    __asm volatile(".option push\n"
                   ".option norelax\n"
                   "la gp, __global_pointer$\n"
                   ".option pop\n"
                   "la sp, cnnc_stack_top\n"
                   "la t0, cnnc_trap\n" CSRW_MTVEC_T0 "j cnnc_start\n");
}

/* The stack may be what is broken: the report gets a fresh one. */
__attribute__((naked, used, aligned(4))) void cnnc_trap(void) {
    __asm volatile(CSRR_A0_MCAUSE CSRR_A1_MEPC CSRR_A2_MTVAL "la sp, cnnc_stack_top\n"
                                                            "j cnnc_examine_trap\n");
}

__attribute__((used)) void cnnc_examine_trap(uint32_t cause, uint32_t address, uint32_t value) {
    cnnc_report_fault(cause, address, value);
}

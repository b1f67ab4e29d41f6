/* SPDX-License-Identifier: MIT-0 */
/* Reset and traps of RISC-V in machine mode. */
#include "cnnc_firmware.h"

void cnnc_reset(void);
void cnnc_trap(void);
void cnnc_examine_trap(uint32_t cause, uint32_t address, uint32_t value);

/* Instructions on control registers are given as numbers, because assemblers differ in the -march
 * that they ask for. */

__attribute__((naked, used, section(".start"))) void cnnc_reset(void) {
    __asm volatile(".option push\n"
                   ".option norelax\n"
                   "la gp, __global_pointer$\n"
                   ".option pop\n"
                   "la sp, cnnc_stack_top\n"
                   "la t0, cnnc_trap\n"
                   ".word 0x30529073\n" /* csrw mtvec, t0 */
                   "call cnnc_prepare_memory\n"
                   "call cnnc_call_constructors\n"
                   "call main\n"
                   "call cnnc_exit\n");
}

/* The stack may be what is broken: the report gets a fresh one. */
__attribute__((naked, used, aligned(4))) void cnnc_trap(void) {
    __asm volatile(".word 0x34202573\n" /* csrr a0, mcause */
                   ".word 0x341025f3\n" /* csrr a1, mepc */
                   ".word 0x34302673\n" /* csrr a2, mtval */
                   "la sp, cnnc_stack_top\n"
                   "call cnnc_examine_trap\n");
}

__attribute__((used)) void cnnc_examine_trap(uint32_t cause, uint32_t address, uint32_t value) {
    cnnc_report_fault(cause, address, value);
}

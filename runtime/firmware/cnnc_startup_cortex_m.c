/* SPDX-License-Identifier: MIT-0 */
/* Vector table, reset and faults of Armv6-M, Armv7-M, Armv8-M and Armv8.1-M. */
#include "cnnc_firmware.h"

/* Registers of the system control space (Armv8-M Architecture Reference Manual, D1.2). */
#define VECTOR_TABLE_OFFSET 0xe000ed08U
#define CONFIGURATION_AND_CONTROL 0xe000ed14U
#define CONFIGURABLE_FAULT_STATUS 0xe000ed28U
#define COPROCESSOR_ACCESS 0xe000ed88U

/* Bit of the fault status that Armv8-M sets where its stack limit is passed. */
#define STACK_OVERFLOW (1U << 20)

#define TRAP_UNALIGNED (1U << 3)
#define ALIGN_STACK (1U << 9)
#define LOW_OVERHEAD_BRANCHES (1U << 19)
#define FULL_ACCESS_TO_CP10_AND_CP11 (15U << 20)

/* A basic exception frame: r0-r3, r12, lr, pc, xpsr. */
#define FRAME_WORDS 8
#define FRAME_R0 0
#define FRAME_PC 6

/* bkpt 0xab */
#define SEMIHOSTING_NUMBER 0xab
#define BREAKPOINT_OPCODE 0xbe

#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
#define HAS_COPROCESSOR 1
#else
#define HAS_COPROCESSOR 0
#endif

#if defined(__ARM_ARCH) && __ARM_ARCH >= 7 && !defined(__ARM_ARCH_8M_BASE__)
#define IS_MAINLINE 1
#else
#define IS_MAINLINE 0
#endif

#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
#define HAS_STACK_LIMIT 1
#define CLEAR_STACK_LIMIT "msr msplim, r0\n"
#else
#define HAS_STACK_LIMIT 0
#define CLEAR_STACK_LIMIT ""
#endif

struct vector_table {
    uint32_t *stack;
    void (*handlers[15])(void);
};

extern const struct vector_table cnnc_vectors;

void cnnc_reset(void);
void cnnc_set_up(void);
void cnnc_fault(void);
void cnnc_examine_fault(uint32_t *frame, uint32_t exception, int can_return);

/* Defined by the linker script. */
extern const uint8_t cnnc_text_start[];
extern const uint8_t cnnc_text_end[];

#define CONTROL_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

__attribute__((section(".vectors"), aligned(128), used)) const struct vector_table cnnc_vectors = {
    cnnc_stack_top,
    {cnnc_reset, cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault,
     cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault, cnnc_fault}};

/* A loader may have come first, so nothing is taken for granted that reset would do: the main stack
 * is the one in use, and without a limit of the loader's. Interrupts stay off, because those that
 * it left on have no handler here. */
__attribute__((naked, used)) void cnnc_reset(void) {
    __asm volatile("cpsid i\n"
                   "movs r0, #0\n" CLEAR_STACK_LIMIT "msr control, r0\n"
                   "isb\n"
                   "ldr r0, =cnnc_stack_top\n"
                   "msr msp, r0\n"
                   "bl cnnc_set_up\n"
                   "bl cnnc_prepare_memory\n"
                   "bl cnnc_call_constructors\n"
                   "bl main\n"
                   "bl cnnc_exit\n");
}

static void set_up_floating_point(void) {
#if HAS_COPROCESSOR
    CONTROL_REGISTER(COPROCESSOR_ACCESS) |= FULL_ACCESS_TO_CP10_AND_CP11;
    __asm volatile("dsb\n isb" ::: "memory");
#endif
}

/* The stack limit makes an overflow a fault whatever lies below the stack. */
static void set_up_stack_limit(void) {
#if HAS_STACK_LIMIT
    __asm volatile("msr msplim, %0" ::"r"(cnnc_stack_limit));
#endif
}

static void set_up_control(void) {
#if IS_MAINLINE
    uint32_t control = CONTROL_REGISTER(CONFIGURATION_AND_CONTROL);
    control = (control | ALIGN_STACK) & ~TRAP_UNALIGNED;
#if defined(__ARM_ARCH_8_1M_MAIN__)
    control |= LOW_OVERHEAD_BRANCHES;
#endif
    CONTROL_REGISTER(CONFIGURATION_AND_CONTROL) = control;
    CONTROL_REGISTER(VECTOR_TABLE_OFFSET) = (uint32_t)(uintptr_t)&cnnc_vectors;
    __asm volatile("dsb\n isb" ::: "memory");
#endif
}

__attribute__((used)) void cnnc_set_up(void) {
    set_up_stack_limit();
    set_up_floating_point();
    set_up_control();
}

/* The stack may be what is broken: then the report gets a fresh one, which holds nothing to return
 * to. A call in place of the last branch would lose where the exception returns to. */
__attribute__((naked, used)) void cnnc_fault(void) {
    __asm volatile("mov r0, sp\n"
                   "mrs r1, ipsr\n"
                   "movs r2, #1\n"
                   "ldr r3, =cnnc_stack_limit + 256\n"
                   "cmp r0, r3\n"
                   "bhs 1f\n"
                   "movs r2, #0\n"
                   "ldr r3, =cnnc_stack_top\n"
                   "mov sp, r3\n"
                   "1:\n"
                   "ldr r3, =cnnc_examine_fault\n"
                   "bx r3\n");
}

static uint32_t fault_status(void) {
#if IS_MAINLINE
    return CONTROL_REGISTER(CONFIGURABLE_FAULT_STATUS);
#else
    return 0;
#endif
}

/* Without a debugger the instruction of a semihosting call is a fault of its own. */
static int is_unanswered_call(uint32_t address) {
    const uint8_t *const place = (const uint8_t *)(uintptr_t)address;
    return place >= cnnc_text_start && place < cnnc_text_end && place[0] == SEMIHOSTING_NUMBER &&
           place[1] == BREAKPOINT_OPCODE;
}

__attribute__((used)) void cnnc_examine_fault(uint32_t *frame, uint32_t exception, int can_return) {
    const uint32_t status = fault_status();
    const int has_passed_limit = (status & STACK_OVERFLOW) != 0U;
    /* Where there is no room left for a frame, none is written and the stack ends at its limit. */
    const int has_frame = frame > cnnc_stack_limit && frame + FRAME_WORDS <= cnnc_stack_top;
    const uint32_t address = has_frame ? frame[FRAME_PC] : 0U;
    if (can_return && !has_passed_limit && is_unanswered_call(address)) {
        frame[FRAME_R0] = (uint32_t)-1;
        frame[FRAME_PC] = address + 2U;
        return;
    }
    if (has_passed_limit || !has_frame) {
        cnnc_print("stack overflow: ");
    }
    cnnc_report_fault(exception, address, status);
}

/* SPDX-License-Identifier: MIT-0 */
/* What a program without an operating system needs: a console, files and an end.
 *
 * All of it goes through semihosting: the program stops at a special instruction and the debugger
 * or emulator does the work. On a Cortex-M without a debugger every call fails and does nothing. */
#ifndef CNNC_FIRMWARE_H
#define CNNC_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

/* Exit status of a program that the processor stopped. */
#define CNNC_FAULT_STATUS 70

#if defined(__GNUC__)
#define CNNC_NORETURN __attribute__((noreturn))
#define CNNC_WEAK __attribute__((weak))
#else
#define CNNC_NORETURN
#define CNNC_WEAK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Defined by the linker script. The stack lies at the start of RAM, so that an overflow leaves it
 * instead of overwriting variables. */
extern uint32_t cnnc_stack_limit[];
extern uint32_t cnnc_stack_top[];
extern uint8_t cnnc_free_ram_start[];
extern uint8_t cnnc_free_ram_end[];

/* One request to the debugger or emulator: operation numbers and arguments as in the semihosting
 * specification. */
int32_t cnnc_semihosting(int32_t operation, const void *argument);

void cnnc_print(const char *text);
void cnnc_print_decimal(int32_t value);
void cnnc_print_hexadecimal(uint32_t value);

/* Opens a file of the PC in binary; a handle, or -1. */
int32_t cnnc_open_to_read(const char *name);
int32_t cnnc_open_to_write(const char *name);

/* Number of bytes that were read or written. */
size_t cnnc_read(int32_t handle, void *data, size_t bytes);
size_t cnnc_write(int32_t handle, const void *data, size_t bytes);

/* 0 if all went well. */
int32_t cnnc_close(int32_t handle);

/* Ends the program, and the emulator with this status. */
CNNC_NORETURN void cnnc_exit(int32_t status);

/* Prints why the processor stopped and ends the program with CNNC_FAULT_STATUS. */
CNNC_NORETURN void cnnc_report_fault(uint32_t cause, uint32_t address, uint32_t detail);

/* Called before the message of a fault is complete; a program may define its own to add to it. */
void cnnc_explain_fault(void);

/* Gives variables their initial values; the start-up code calls it before main. */
void cnnc_prepare_memory(void);

/* Constructs static objects of C++ and calls functions with the attribute constructor; the start-up
 * code calls it before main. Nothing is ever destroyed: a program ends with its processor. */
void cnnc_call_constructors(void);

#ifdef __cplusplus
}
#endif

#endif

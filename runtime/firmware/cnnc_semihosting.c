/* SPDX-License-Identifier: MIT-0 */
/* Console, files and exit over semihosting; numbers of the operations from Arm's semihosting
 * specification 2.0, which RISC-V's takes over. */
#include "cnnc_firmware.h"

#define SYS_OPEN 0x01
#define SYS_CLOSE 0x02
#define SYS_WRITE0 0x04
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define SYS_EXIT_EXTENDED 0x20

#define OPEN_READ_BINARY 1U
#define OPEN_WRITE_BINARY 5U
#define REASON_APPLICATION_EXIT 0x20026U

#define DECIMAL_DIGITS 10
#define HEXADECIMAL_DIGITS 8

#if defined(__riscv)
/* The three instructions must be uncompressed and on one page: hence the alignment. */
__attribute__((noinline)) int32_t cnnc_semihosting(int32_t operation, const void *argument) {
    register int32_t a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = argument;
    __asm volatile(".balign 16\n"
                   ".option push\n"
                   ".option norvc\n"
                   "slli x0, x0, 0x1f\n"
                   "ebreak\n"
                   "srai x0, x0, 7\n"
                   ".option pop\n"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return a0;
}
#else
__attribute__((noinline)) int32_t cnnc_semihosting(int32_t operation, const void *argument) {
    register int32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
#endif

static uint32_t address_of(const void *place) { return (uint32_t)(uintptr_t)place; }

void cnnc_print(const char *text) { (void)cnnc_semihosting(SYS_WRITE0, text); }

void cnnc_print_decimal(int32_t value) {
    char text[DECIMAL_DIGITS + 2];
    uint32_t rest = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    int position = DECIMAL_DIGITS + 1;
    text[position] = '\0';
    do {
        --position;
        text[position] = (char)('0' + (char)(rest % 10U));
        rest /= 10U;
    } while (rest != 0U);
    if (value < 0) {
        --position;
        text[position] = '-';
    }
    cnnc_print(text + position);
}

void cnnc_print_hexadecimal(uint32_t value) {
    static const char digits[] = "0123456789abcdef";
    char text[HEXADECIMAL_DIGITS + 1];
    int position;
    for (position = 0; position < HEXADECIMAL_DIGITS; ++position) {
        text[position] = digits[(value >> (4 * (HEXADECIMAL_DIGITS - 1 - position))) & 15U];
    }
    text[HEXADECIMAL_DIGITS] = '\0';
    cnnc_print(text);
}

static uint32_t length_of(const char *text) {
    uint32_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length;
}

static int32_t open_file(const char *name, uint32_t mode) {
    uint32_t block[3];
    block[0] = address_of(name);
    block[1] = mode;
    block[2] = length_of(name);
    return cnnc_semihosting(SYS_OPEN, block);
}

int32_t cnnc_open_to_read(const char *name) { return open_file(name, OPEN_READ_BINARY); }

int32_t cnnc_open_to_write(const char *name) { return open_file(name, OPEN_WRITE_BINARY); }

/* The answer is the number of bytes that are left over. */
static size_t transfer(int32_t operation, int32_t handle, const void *data, size_t bytes) {
    uint32_t block[3];
    int32_t rest;
    block[0] = (uint32_t)handle;
    block[1] = address_of(data);
    block[2] = (uint32_t)bytes;
    rest = cnnc_semihosting(operation, block);
    return rest < 0 || (size_t)rest > bytes ? 0 : bytes - (size_t)rest;
}

size_t cnnc_read(int32_t handle, void *data, size_t bytes) {
    return transfer(SYS_READ, handle, data, bytes);
}

size_t cnnc_write(int32_t handle, const void *data, size_t bytes) {
    return transfer(SYS_WRITE, handle, data, bytes);
}

int32_t cnnc_close(int32_t handle) {
    const uint32_t block[1] = {(uint32_t)handle};
    return cnnc_semihosting(SYS_CLOSE, block);
}

void cnnc_exit(int32_t status) {
    uint32_t block[2];
    block[0] = REASON_APPLICATION_EXIT;
    block[1] = (uint32_t)status;
    for (;;) {
        (void)cnnc_semihosting(SYS_EXIT_EXTENDED, block);
    }
}

CNNC_WEAK void cnnc_explain_fault(void) {}

void cnnc_report_fault(uint32_t cause, uint32_t address, uint32_t detail) {
    cnnc_print("fault ");
    cnnc_print_decimal((int32_t)cause);
    cnnc_print(" at 0x");
    cnnc_print_hexadecimal(address);
    cnnc_print(", status 0x");
    cnnc_print_hexadecimal(detail);
    cnnc_explain_fault();
    cnnc_print("\n");
    cnnc_exit(CNNC_FAULT_STATUS);
}

/* SPDX-License-Identifier: MIT-0 */
/* A program around the harness without an operating system: reads the file "request" and writes
 * "records", and the bytes of stack that an inference needs as one int32_t to "stack". Exit status:
 * enum cnnc_harness_status. */
#include "cnnc_firmware.h"
#include "cnnc_harness.h"

#define STACK_FILL 0xa5c3f00dU
/* What cnnc_harness_begin itself may have on the stack below the address that it starts from. */
#define UNPAINTED_WORDS 16
#define MEMORY_ALIGNMENT 16U

static uint8_t *free_memory;
static const uint32_t *stack_before;
static int32_t most_stack_bytes;

void cnnc_harness_begin(void) {
    uint32_t *const here = (uint32_t *)__builtin_frame_address(0);
    volatile uint32_t *place;
    for (place = cnnc_stack_limit; place < here - UNPAINTED_WORDS; ++place) {
        *place = STACK_FILL;
    }
    /* The stack pointer at the call, where the run starts from as well. */
    stack_before = (const uint32_t *)__builtin_dwarf_cfa();
}

void cnnc_harness_end(void) {
    const uint32_t *lowest = cnnc_stack_limit;
    int32_t bytes;
    while (lowest < stack_before && *lowest == STACK_FILL) {
        ++lowest;
    }
    bytes = (int32_t)((stack_before - lowest) * (ptrdiff_t)sizeof *lowest);
    most_stack_bytes = bytes > most_stack_bytes ? bytes : most_stack_bytes;
}

void cnnc_explain_fault(void) {
    cnnc_print(", after layer ");
    cnnc_print_decimal(cnnc_harness_latest_layer());
}

static int32_t handle_of(const void *stream) { return *(const int32_t *)stream; }

static size_t read_file(void *stream, void *data, size_t bytes) {
    return cnnc_read(handle_of(stream), data, bytes);
}

static size_t write_file(void *stream, const void *data, size_t bytes) {
    return cnnc_write(handle_of(stream), data, bytes);
}

static void *allocate(size_t bytes) {
    const size_t rounded = (bytes + MEMORY_ALIGNMENT - 1U) & ~(size_t)(MEMORY_ALIGNMENT - 1U);
    uint8_t *const memory = free_memory;
    if (rounded < bytes || rounded > (size_t)(cnnc_free_ram_end - memory)) {
        return NULL;
    }
    free_memory += rounded;
    return memory;
}

static void release(void *memory) { free_memory = (uint8_t *)memory; }

static int32_t write_stack_bytes(void) {
    const int32_t handle = cnnc_open_to_write("stack");
    const size_t written = cnnc_write(handle, &most_stack_bytes, sizeof most_stack_bytes);
    const int32_t failed = cnnc_close(handle);
    return written == sizeof most_stack_bytes && failed == 0 ? (int32_t)CNNC_HARNESS_OK
                                                             : (int32_t)CNNC_HARNESS_BAD_FILE;
}

#if defined(__ARM_ARCH) && __ARM_ARCH == 6
/* Armv6-M faults where a word or halfword is not aligned. The emulated core has a later
 * architecture, which does so on request: UNALIGN_TRP of the Configuration and Control Register
 * (Armv7-M Architecture Reference Manual, B3.2.8). */
static void fault_like_armv6m(void) {
    volatile uint32_t *const configuration_and_control = (volatile uint32_t *)0xe000ed14U;
    *configuration_and_control |= 1U << 3;
}
#else
static void fault_like_armv6m(void) {}
#endif

int main(void) {
    int32_t request = cnnc_open_to_read("request");
    int32_t records = cnnc_open_to_write("records");
    struct cnnc_harness_machine machine;
    int32_t status = CNNC_HARNESS_BAD_FILE;
    fault_like_armv6m();
    free_memory = cnnc_free_ram_start;
    machine.request = &request;
    machine.records = &records;
    machine.read = read_file;
    machine.write = write_file;
    machine.allocate = allocate;
    machine.release = release;
    if (request != -1 && records != -1) {
        status = cnnc_harness_serve(&machine);
    }
    if (status == CNNC_HARNESS_OK && cnnc_close(records) != 0) {
        status = CNNC_HARNESS_BAD_FILE;
    }
    return (int)(status == CNNC_HARNESS_OK ? write_stack_bytes() : status);
}

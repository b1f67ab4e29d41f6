/* SPDX-License-Identifier: MIT-0 */
/* Reads a request, runs its samples and writes their records, whatever the machine's files are. */
#include "cnnc_harness.h"

#if defined(__GNUC__)
/* The assembler statement keeps calls of a function that does nothing. */
__attribute__((noinline)) void cnnc_harness_mark(void) { __asm volatile(""); }
#else
void cnnc_harness_mark(void) {}
#endif

/* One sample at a time, so that memory does not grow with their number. */
static int32_t run_samples(const struct cnnc_harness_machine *machine, const int32_t *request,
                           int8_t *inputs, uint8_t *record) {
    const size_t input_bytes = (size_t)request[3];
    const size_t record_bytes = cnnc_harness_record_bytes(request);
    int32_t status = CNNC_HARNESS_OK;
    int32_t sample;
    for (sample = 0; sample < request[1] && status == CNNC_HARNESS_OK; ++sample) {
        if (machine->read(machine->request, inputs, input_bytes) != input_bytes) {
            return CNNC_HARNESS_BAD_FILE;
        }
        status = cnnc_harness_run(machine, request, inputs, record);
        if (status == CNNC_HARNESS_OK &&
            machine->write(machine->records, record, record_bytes) != record_bytes) {
            status = CNNC_HARNESS_BAD_FILE;
        }
    }
    return status;
}

static int32_t stream(const struct cnnc_harness_machine *machine, const int32_t *request) {
    int32_t status = CNNC_HARNESS_NO_MEMORY;
    int8_t *const inputs = (int8_t *)machine->allocate((size_t)request[3]);
    uint8_t *record;
    if (inputs == NULL) {
        return status;
    }
    record = (uint8_t *)machine->allocate(cnnc_harness_record_bytes(request));
    if (record != NULL) {
        status = run_samples(machine, request, inputs, record);
        machine->release(record);
    }
    machine->release(inputs);
    return status;
}

int32_t cnnc_harness_serve(const struct cnnc_harness_machine *machine) {
    const size_t fixed_bytes = CNNC_HARNESS_REQUEST_FIELDS * sizeof(int32_t);
    int32_t fixed[CNNC_HARNESS_REQUEST_FIELDS];
    int32_t *request;
    int32_t status = CNNC_HARNESS_BAD_FILE;
    size_t offset_bytes;
    size_t i;
    if (machine->read(machine->request, fixed, fixed_bytes) != fixed_bytes) {
        return CNNC_HARNESS_BAD_FILE;
    }
    if (cnnc_harness_record_bytes(fixed) == 0) {
        return CNNC_HARNESS_BAD_REQUEST;
    }
    offset_bytes = (size_t)fixed[2] * sizeof(int32_t);
    request = (int32_t *)machine->allocate(fixed_bytes + offset_bytes);
    if (request == NULL) {
        return CNNC_HARNESS_NO_MEMORY;
    }
    for (i = 0; i < CNNC_HARNESS_REQUEST_FIELDS; ++i) {
        request[i] = fixed[i];
    }
    if (machine->read(machine->request, request + CNNC_HARNESS_REQUEST_FIELDS, offset_bytes) ==
        offset_bytes) {
        status = stream(machine, request);
    }
    machine->release(request);
    return status;
}

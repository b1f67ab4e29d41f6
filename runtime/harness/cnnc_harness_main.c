/* SPDX-License-Identifier: MIT-0 */
/* A program around the harness: argv is a file with the request and the inputs, and the file to
 * write the records to. Exit status: enum cnnc_harness_status. */
#include "cnnc_harness.h"

#include <stdio.h>
#include <stdlib.h>

/* One sample at a time, so that memory does not grow with their number. */
static int32_t stream(FILE *from, FILE *to, int32_t *request) {
    const int32_t samples = request[1];
    const size_t input_bytes = (size_t)request[3];
    const size_t record_bytes = cnnc_harness_record_bytes(request);
    int32_t status = CNNC_HARNESS_OK;
    int32_t sample;
    int8_t *inputs;
    uint8_t *record;
    if (record_bytes == 0) {
        return CNNC_HARNESS_BAD_REQUEST;
    }
    inputs = (int8_t *)malloc(input_bytes);
    record = (uint8_t *)malloc(record_bytes);
    if (inputs == NULL || record == NULL) {
        status = CNNC_HARNESS_NO_MEMORY;
    }
    request[1] = 1;
    for (sample = 0; sample < samples && status == CNNC_HARNESS_OK; ++sample) {
        if (fread(inputs, 1, input_bytes, from) != input_bytes) {
            status = CNNC_HARNESS_BAD_FILE;
            break;
        }
        status = cnnc_harness_run(request, inputs, record);
        if (status == CNNC_HARNESS_OK && fwrite(record, 1, record_bytes, to) != record_bytes) {
            status = CNNC_HARNESS_BAD_FILE;
        }
    }
    free(inputs);
    free(record);
    return status;
}

static int32_t serve(FILE *from, FILE *to) {
    int32_t fixed[CNNC_HARNESS_REQUEST_FIELDS];
    int32_t *request;
    int32_t status = CNNC_HARNESS_BAD_FILE;
    size_t layers;
    size_t i;
    if (fread(fixed, sizeof(int32_t), CNNC_HARNESS_REQUEST_FIELDS, from) !=
        CNNC_HARNESS_REQUEST_FIELDS) {
        return CNNC_HARNESS_BAD_FILE;
    }
    if (cnnc_harness_record_bytes(fixed) == 0) {
        return CNNC_HARNESS_BAD_REQUEST;
    }
    layers = (size_t)fixed[2];
    request = (int32_t *)malloc((CNNC_HARNESS_REQUEST_FIELDS + layers) * sizeof(int32_t));
    if (request == NULL) {
        return CNNC_HARNESS_NO_MEMORY;
    }
    for (i = 0; i < CNNC_HARNESS_REQUEST_FIELDS; ++i) {
        request[i] = fixed[i];
    }
    if (fread(request + CNNC_HARNESS_REQUEST_FIELDS, sizeof(int32_t), layers, from) == layers) {
        status = stream(from, to, request);
    }
    free(request);
    return status;
}

int main(int argc, char **argv) {
    FILE *from;
    FILE *to;
    int32_t status;
    if (argc != 3) {
        return CNNC_HARNESS_BAD_REQUEST;
    }
    from = fopen(argv[1], "rb");
    if (from == NULL) {
        return CNNC_HARNESS_BAD_FILE;
    }
    to = fopen(argv[2], "wb");
    if (to == NULL) {
        (void)fclose(from);
        return CNNC_HARNESS_BAD_FILE;
    }
    status = serve(from, to);
    (void)fclose(from);
    if (fclose(to) != 0 && status == CNNC_HARNESS_OK) {
        status = CNNC_HARNESS_BAD_FILE;
    }
    return (int)status;
}

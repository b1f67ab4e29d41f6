/* SPDX-License-Identifier: MIT-0 */
/* A program around the harness on an operating system: argv is a file with the request and the
 * inputs, the file to write the records to, and the number of a kernel set if one is wanted; with
 * that number alone nothing is run. Exit status: enum cnnc_harness_status. */
#include "cnnc_harness.h"

#include <stdio.h>
#include <stdlib.h>

#define ALIGNMENT 16U

void cnnc_harness_begin(void) {}

void cnnc_harness_end(void) {}

static size_t read_file(void *stream, void *data, size_t bytes) {
    return fread(data, 1, bytes, (FILE *)stream);
}

static size_t write_file(void *stream, const void *data, size_t bytes) {
    return fwrite(data, 1, bytes, (FILE *)stream);
}

/* malloc aligns to 8 on 32-bit processors, arenas want 16. The byte in front of what is returned
 * says how far the allocated block's start is. */
static void *allocate(size_t bytes) {
    unsigned char *const block = (unsigned char *)malloc(bytes + ALIGNMENT);
    size_t distance;
    if (block == NULL) {
        return NULL;
    }
    distance = ALIGNMENT - (size_t)((uintptr_t)block % ALIGNMENT);
    block[distance - 1] = (unsigned char)distance;
    return block + distance;
}

static void release(void *memory) {
    unsigned char *const bytes = (unsigned char *)memory;
    if (bytes != NULL) {
        free(bytes - bytes[-1]);
    }
}

int main(int argc, char **argv) {
    struct cnnc_harness_machine machine;
    FILE *from;
    FILE *to;
    int32_t status;
    if (argc < 2 || argc > 4) {
        return CNNC_HARNESS_BAD_REQUEST;
    }
    if (argc != 3) {
        cnnc_harness_kernel_set = (int32_t)strtol(argc == 2 ? argv[1] : argv[3], NULL, 10);
        if (!cnnc_harness_has_kernel_set()) {
            return CNNC_HARNESS_NO_KERNELS;
        }
    }
    if (argc == 2) {
        return CNNC_HARNESS_OK;
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
    machine.request = from;
    machine.records = to;
    machine.read = read_file;
    machine.write = write_file;
    machine.allocate = allocate;
    machine.release = release;
    status = cnnc_harness_serve(&machine);
    (void)fclose(from);
    if (fclose(to) != 0 && status == CNNC_HARNESS_OK) {
        status = CNNC_HARNESS_BAD_FILE;
    }
    return (int)status;
}

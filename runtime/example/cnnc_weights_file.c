/* SPDX-License-Identifier: MIT-0 */
/* Map a file read-only, so that its pages are loaded when they are used and shared among processes;
 * where there is no mmap, read it. */
#if !defined(CNNC_HAS_MMAP)
#if defined(__unix__) || defined(__APPLE__)
#define CNNC_HAS_MMAP 1
#else
#define CNNC_HAS_MMAP 0
#endif
#endif

#if CNNC_HAS_MMAP
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "cnnc_weights_file.h"

#include "cnnc_tensor.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CNNC_HAS_MMAP
static int map(int descriptor, struct cnnc_weights_file *file) {
    struct stat facts;
    if (fstat(descriptor, &facts) != 0 || facts.st_size <= 0) {
        return 1;
    }
    file->bytes = (size_t)facts.st_size;
    file->base = mmap(NULL, file->bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (file->base == MAP_FAILED) {
        return 1;
    }
    file->data = file->base;
    return 0;
}

int cnnc_open_weights(const char *path, size_t bytes, size_t alignment,
                      struct cnnc_weights_file *file) {
    (void)bytes;
    (void)alignment;
    memset(file, 0, sizeof *file);
    const int descriptor = open(path, O_RDONLY);
    if (descriptor < 0) {
        return cnnc_file_fault(path, "cannot be read", errno);
    }
    const int status = map(descriptor, file);
    (void)close(descriptor);
    return status == 0 ? 0 : cnnc_fault(path, "is empty, or cannot be mapped into memory");
}

void cnnc_close_weights(struct cnnc_weights_file *file) {
    if (file->data != NULL) {
        (void)munmap(file->base, file->bytes);
    }
    memset(file, 0, sizeof *file);
}
#else
int cnnc_open_weights(const char *path, size_t bytes, size_t alignment,
                      struct cnnc_weights_file *file) {
    memset(file, 0, sizeof *file);
    errno = 0;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return cnnc_file_fault(path, "cannot be read", errno);
    }
    /* One byte more than there should be, so that a longer file is seen to be one. */
    file->base = malloc(bytes + 1 + alignment);
    if (file->base != NULL) {
        char *const bytes_of_base = (char *)file->base;
        file->data = bytes_of_base + (alignment - (uintptr_t)file->base % alignment) % alignment;
        file->bytes = fread((char *)file->data, 1, bytes + 1, stream);
    }
    (void)fclose(stream);
    return file->base != NULL ? 0 : cnnc_fault(path, "does not fit into memory");
}

void cnnc_close_weights(struct cnnc_weights_file *file) {
    free(file->base);
    memset(file, 0, sizeof *file);
}
#endif

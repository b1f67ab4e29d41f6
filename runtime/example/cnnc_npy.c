/* SPDX-License-Identifier: MIT-0 */
/* Read and write .npy files: a header that is the text of a Python dictionary, then the numbers. */
#include "cnnc_npy.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#if defined(__unix__) || defined(__APPLE__)
#include <sys/stat.h>
#endif

/* Far more than any header of a tensor of 32 axes takes. */
enum { HEADER_LIMIT = 4096, PREFIX_BYTES = 10, SHAPE_TEXT = 800 };

static const char magic[] = "\x93NUMPY";

struct type_name {
    const char *text;
    enum cnnc_element element;
};

static const struct type_name types[] = {
    {"|i1", CNNC_INT8},  {"<i1", CNNC_INT8},    {"|u1", CNNC_UINT8},   {"<u1", CNNC_UINT8},
    {"<i2", CNNC_INT16}, {"<u2", CNNC_UINT16},  {"<i4", CNNC_INT32},   {"<u4", CNNC_UINT32},
    {"<i8", CNNC_INT64}, {"<f4", CNNC_FLOAT32}, {"<f8", CNNC_FLOAT64},
};

/* Read the header's text, and end it with a zero. */
static int read_header(FILE *file, const char *path, char *header) {
    unsigned char prefix[PREFIX_BYTES + 2];
    if (fread(prefix, 1, PREFIX_BYTES, file) != PREFIX_BYTES ||
        memcmp(prefix, magic, sizeof magic - 1) != 0) {
        return cnnc_fault(path, "is no .npy file");
    }
    size_t length = (size_t)prefix[8] | (size_t)prefix[9] << 8;
    if (prefix[6] >= 2) {
        if (fread(prefix + PREFIX_BYTES, 1, 2, file) != 2) {
            return cnnc_fault(path, "ends within its header");
        }
        length |= (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
    }
    if (prefix[6] < 1 || prefix[6] > 3 || length >= HEADER_LIMIT) {
        return cnnc_fault(path, "has a header that this program does not read");
    }
    if (fread(header, 1, length, file) != length) {
        return cnnc_fault(path, "ends within its header");
    }
    header[length] = '\0';
    return 0;
}

/* Where the value of a key begins; NULL without the key. */
static const char *value_of(const char *header, const char *key) {
    const char *found = strstr(header, key);
    if (found == NULL) {
        return NULL;
    }
    found += strlen(key);
    return found + strspn(found, " ");
}

static int parse_type(const char *path, const char *header, struct cnnc_tensor *tensor) {
    const char *text = value_of(header, "'descr':");
    for (size_t i = 0; text != NULL && i < sizeof types / sizeof types[0]; i++) {
        const size_t length = strlen(types[i].text);
        if (text[0] == '\'' && strncmp(text + 1, types[i].text, length) == 0 &&
            text[1 + length] == '\'') {
            tensor->element = types[i].element;
            return 0;
        }
    }
    return cnnc_fault(path, "holds neither integers nor float32 or float64 in little-endian order");
}

/* One extent; the text after it, or NULL where there is none or it is too large. */
static const char *parse_extent(const char *text, size_t *extent) {
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0) {
        return NULL;
    }
    *extent = 0;
    for (size_t i = 0; i < digits; i++) {
        if (*extent > (SIZE_MAX - 9) / 10) {
            return NULL;
        }
        *extent = 10 * *extent + (size_t)(text[i] - '0');
    }
    text += digits;
    return text + strspn(text, " ");
}

static int parse_shape(const char *path, const char *header, struct cnnc_tensor *tensor) {
    const char *text = value_of(header, "'shape':");
    tensor->rank = 0;
    if (text == NULL || *text != '(') {
        return cnnc_fault(path, "has no shape");
    }
    text += 1 + strspn(text + 1, " ");
    while (*text != ')') {
        if (tensor->rank == CNNC_MAX_RANK) {
            return cnnc_fault(path, "has too many axes");
        }
        text = parse_extent(text, &tensor->shape[tensor->rank]);
        if (text == NULL || (*text != ',' && *text != ')')) {
            return cnnc_fault(path, "has a shape that makes no sense");
        }
        tensor->rank++;
        text += *text == ',' ? 1 + strspn(text + 1, " ") : 0;
    }
    return 0;
}

int cnnc_read_npy(FILE *file, const char *path, struct cnnc_tensor *tensor) {
    char header[HEADER_LIMIT];
    if (read_header(file, path, header) != 0 || parse_type(path, header, tensor) != 0 ||
        parse_shape(path, header, tensor) != 0) {
        return 1;
    }
    const char *order = value_of(header, "'fortran_order':");
    if (order == NULL || strncmp(order, "False", 5) != 0) {
        return cnnc_fault(path, "is not in C order: save it with numpy.ascontiguousarray");
    }
    return cnnc_read_elements(file, path, tensor);
}

/* "(1, 28, 28)": the trailing comma that one axis needs does no harm to several. */
static void python_shape(size_t rank, const size_t *shape, char *text) {
    size_t used = 0;
    for (size_t axis = 0; axis < rank && used < SHAPE_TEXT; axis++) {
        const int written =
            snprintf(text + used, SHAPE_TEXT - used, "%lu,", (unsigned long)shape[axis]);
        used += written < 0 ? 0 : (size_t)written;
    }
    text[used < SHAPE_TEXT ? used : SHAPE_TEXT - 1] = '\0';
}

static const char *type_text(enum cnnc_element element) {
    static const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    switch (element) {
    case CNNC_INT8:
        return "|i1";
    case CNNC_UINT8:
        return "|u1";
    case CNNC_INT16:
        return first ? "<i2" : ">i2";
    case CNNC_UINT16:
        return first ? "<u2" : ">u2";
    case CNNC_INT32:
        return first ? "<i4" : ">i4";
    case CNNC_UINT32:
        return first ? "<u4" : ">u4";
    case CNNC_INT64:
        return first ? "<i8" : ">i8";
    case CNNC_FLOAT32:
        return first ? "<f4" : ">f4";
    case CNNC_FLOAT64:
    default:
        return first ? "<f8" : ">f8";
    }
}

/* Remove what a failed write left; nobody wants a device to be removed. */
static void remove_part(const char *path) {
#if defined(__unix__) || defined(__APPLE__)
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return;
    }
#endif
    (void)remove(path);
}

int cnnc_write_npy(const char *path, enum cnnc_element element, size_t rank, const size_t *shape,
                   const void *data) {
    char extents[SHAPE_TEXT];
    char header[HEADER_LIMIT];
    size_t elements = 1;
    for (size_t axis = 0; axis < rank; axis++) {
        elements *= shape[axis];
    }
    python_shape(rank, shape, extents);
    const int text = snprintf(header + PREFIX_BYTES, sizeof header - PREFIX_BYTES,
                              "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                              type_text(element), extents);
    /* Spaces and an end of line up to a multiple of 64, so that the numbers are aligned. */
    const size_t used = PREFIX_BYTES + (text < 0 ? 0 : (size_t)text);
    const size_t total = (used + 64) / 64 * 64;
    memset(header + used, ' ', total - used);
    header[total - 1] = '\n';
    memcpy(header, magic, sizeof magic - 1);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((total - PREFIX_BYTES) & 0xff);
    header[9] = (char)((total - PREFIX_BYTES) >> 8);
    errno = 0;
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return cnnc_file_fault(path, "cannot be written", errno);
    }
    const size_t bytes = elements * cnnc_element_bytes(element);
    errno = 0;
    const int whole =
        fwrite(header, 1, total, file) == total && fwrite(data, 1, bytes, file) == bytes;
    int error = errno;
    const int closed = fclose(file) == 0;
    if (whole && closed) {
        return 0;
    }
    error = whole ? errno : error;
    remove_part(path);
    return cnnc_file_fault(path, "could not be written as a whole", error);
}

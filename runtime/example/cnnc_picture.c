/* SPDX-License-Identifier: MIT-0 */
/* Read a picture: letters and numbers between white space and comments, then the pixels. */
#include "cnnc_picture.h"

static int is_space(int character) {
    return character == ' ' || (character >= '\t' && character <= '\r');
}

/* The character after white space and comments, which go to the end of the line. */
static int next_character(FILE *file) {
    int character = ' ';
    int is_comment = 0;
    while (character != EOF && (is_comment || character == '#' || is_space(character))) {
        is_comment = character == '#' || (is_comment && character != '\n');
        character = fgetc(file);
    }
    return character;
}

/* A number of at most nine digits and the one white space behind it; 0 where there is none. */
static size_t read_number(FILE *file) {
    size_t number = 0;
    int digits = 0;
    int character = next_character(file);
    while (character >= '0' && character <= '9' && digits < 9) {
        number = 10 * number + (size_t)(character - '0');
        digits++;
        character = fgetc(file);
    }
    return is_space(character) ? number : 0;
}

int cnnc_read_picture(FILE *file, const char *path, struct cnnc_tensor *tensor) {
    const int letter = fgetc(file);
    const int kind = fgetc(file);
    if (letter != 'P' || (kind != '5' && kind != '6')) {
        return cnnc_fault(path, "is neither a .npy file nor a binary PPM or PGM picture (see "
                                "--help for how to make one of a PNG or JPEG)");
    }
    const size_t cols = read_number(file);
    const size_t rows = read_number(file);
    const size_t brightest = read_number(file);
    if (cols == 0 || rows == 0) {
        return cnnc_fault(path, "has a header that makes no sense");
    }
    if (brightest != 255) {
        return cnnc_fault(path, "has pixels that do not go from 0 to 255");
    }
    tensor->element = CNNC_UINT8;
    tensor->rank = 3;
    tensor->shape[0] = rows;
    tensor->shape[1] = cols;
    tensor->shape[2] = kind == '6' ? 3 : 1;
    return cnnc_read_elements(file, path, tensor);
}

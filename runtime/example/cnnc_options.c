/* SPDX-License-Identifier: MIT-0 */
/* Read the command line of the example program. */
#include "cnnc_options.h"

#include "cnnc_tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPE_TEXT = 400 };

static const char help[] =
    "INPUT is one file for each input, in the order of the model:\n"
    "  .npy of float32   the tensor as the model takes it, in the model's order of axes\n"
    "  .npy of int8      the quantized tensor, channel-last\n"
    "  .npy of uint8     pixels [row][col][channel]\n"
    "  .ppm, .pgm        a picture (binary, 0..255) of exactly the input's rows and columns\n"
    "Of pixels becomes real = (pixel / 255 - mean) / std. A PNG or JPEG becomes a PPM by\n"
    "  ffmpeg -i in.jpg -vf scale=COLS:ROWS out.ppm      or\n"
    "  python3 -c \"from PIL import Image; Image.open('in.jpg').convert('RGB')"
    ".resize((COLS, ROWS)).save('out.ppm')\"\n"
    "(.pgm and 'L' for one channel).\n"
    "\n"
    "  --mean A[,B,C]   of the training's pixels, one number or one a channel; default 0\n"
    "  --std A[,B,C]    their standard deviation; default 1\n"
    "  --output FILE    write an output as .npy; again for the next output\n"
    "  --stored         write outputs as they are in memory (int8, channel-last)\n";

void cnnc_print_help(const struct cnnc_network *network) {
    char shape[SHAPE_TEXT];
    size_t original[CNNC_MAX_RANK];
    (void)printf("usage: %s_example [options] INPUT...\n"
                 "Without INPUT the self-test runs.\n\n%s",
                 network->name, help);
    if (network->weights_path != NULL) {
        (void)printf("  --weights FILE   default: %s\n", network->weights_path);
    }
    (void)printf("\n");
    for (size_t i = 0; i < network->input_count; i++) {
        const struct cnnc_port *port = &network->inputs[i];
        cnnc_original_shape(port, original);
        cnnc_shape_text(port->rank, original, shape, sizeof shape);
        (void)printf("%s: %s %s", port->name, cnnc_element_name(port->original), shape);
        cnnc_shape_text(port->rank, port->shape, shape, sizeof shape);
        (void)printf(", stored as %s %s\n", cnnc_element_name(port->stored), shape);
    }
}

/* Numbers between commas; none of them is infinite, NaN or, for a divisor, zero. */
static int parse_numbers(const char *option, const char *text, int is_divisor, double *numbers,
                         size_t *count) {
    *count = 0;
    for (;;) {
        char *end = NULL;
        const double number = strtod(text, &end);
        const int is_bounded = number > -1e30 && number < 1e30;
        if (end == text || !is_bounded || (is_divisor && number == 0.0)) {
            return cnnc_fault(option, is_divisor ? "takes numbers other than 0, such as 0.229,0.224"
                                                 : "takes numbers, such as 0.485,0.456,0.406");
        }
        if (*count == CNNC_MAX_CHANNELS) {
            return cnnc_fault(option, "has too many numbers");
        }
        numbers[*count] = number;
        *count += 1;
        if (*end == '\0') {
            return 0;
        }
        text = *end == ',' ? end + 1 : "";
    }
}

static int parse_value(const char *option, const char *value, const struct cnnc_network *network,
                       struct cnnc_options *options) {
    struct cnnc_pixel_scaling *const scaling = &options->scaling;
    if (strcmp(option, "--mean") == 0) {
        return parse_numbers(option, value, 0, scaling->mean, &scaling->mean_count);
    }
    if (strcmp(option, "--std") == 0) {
        return parse_numbers(option, value, 1, scaling->std, &scaling->std_count);
    }
    if (strcmp(option, "--output") == 0) {
        options->saves[options->save_count] = value;
        options->save_count++;
        return 0;
    }
    if (strcmp(option, "--weights") == 0 && network->weights_path != NULL) {
        options->weights = value;
        return 0;
    }
    return cnnc_fault(option, "is no option of this program: --help lists them");
}

/* Whether an option stands alone; then it is taken. */
static int parse_flag(const char *option, struct cnnc_options *options) {
    const int wants_help = strcmp(option, "--help") == 0;
    const int save_stored = strcmp(option, "--stored") == 0;
    options->wants_help |= wants_help;
    options->save_stored |= save_stored;
    return wants_help || save_stored;
}

static int check(const struct cnnc_network *network, const struct cnnc_options *options) {
    if (options->file_count != 0 && options->file_count != network->input_count) {
        return cnnc_fault(network->name, network->input_count == 1
                                             ? "takes one INPUT: --help describes it"
                                             : "takes one INPUT for each of its inputs: --help");
    }
    if (options->save_count > network->output_count) {
        return cnnc_fault("--output", "is given more often than there are outputs");
    }
    if (options->save_stored && options->save_count == 0) {
        return cnnc_fault("--stored", "says how --output writes, which is not given");
    }
    if (options->save_count != 0 && options->file_count == 0) {
        return cnnc_fault("--output", "needs an INPUT");
    }
    if (options->scaling.mean_count + options->scaling.std_count != 0 && options->file_count == 0) {
        return cnnc_fault("--mean, --std", "need an INPUT");
    }
    return 0;
}

int cnnc_parse_options(int argc, char **argv, const struct cnnc_network *network,
                       struct cnnc_options *options) {
    memset(options, 0, sizeof *options);
    options->weights = network->weights_path;
    options->files = (const char **)calloc((size_t)argc + 1, sizeof *options->files);
    options->saves = (const char **)calloc((size_t)argc + 1, sizeof *options->saves);
    if (options->files == NULL || options->saves == NULL) {
        return cnnc_fault(network->name, "there is not enough memory");
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            options->files[options->file_count] = argv[i];
            options->file_count++;
            continue;
        }
        if (parse_flag(argv[i], options)) {
            continue;
        }
        const char *const value = i + 1 < argc ? argv[i + 1] : NULL;
        if (value == NULL) {
            return cnnc_fault(argv[i], "is no option of this program, or lacks its value: --help");
        }
        if (parse_value(argv[i], value, network, options) != 0) {
            return 1;
        }
        i++;
    }
    return options->wants_help ? 0 : check(network, options);
}

void cnnc_free_options(struct cnnc_options *options) {
    free((void *)options->files);
    free((void *)options->saves);
}

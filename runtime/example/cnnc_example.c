/* SPDX-License-Identifier: MIT-0 */
/* Memory for a network, its weights, its inputs from files; then one inference. */
#include "cnnc_example.h"

#include "cnnc_feed.h"
#include "cnnc_options.h"
#include "cnnc_show.h"
#include "cnnc_tensor.h"
#include "cnnc_weights_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_status(const struct cnnc_network *network, int status) {
    if (status != 0) {
        (void)fprintf(stderr, "%s: failed with status %d: %s\n", network->name, status,
                      network->reason(status));
    }
    return status != 0;
}

static int give_out(const struct cnnc_network *network, const struct cnnc_options *options,
                    const void *context) {
    for (size_t i = 0; i < options->save_count; i++) {
        if (cnnc_save(options->saves[i], &network->outputs[i], network->output(context, i),
                      options->save_stored) != 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < network->output_count; i++) {
        cnnc_show_best(&network->outputs[i], network->output(context, i));
    }
    return 0;
}

static int run_on_files(const struct cnnc_network *network, struct cnnc_options *options,
                        void *context) {
    for (size_t i = 0; i < network->input_count; i++) {
        if (cnnc_feed(options->files[i], &network->inputs[i], &options->scaling,
                      network->input(context, i)) != 0) {
            return 1;
        }
    }
    const int has_scaling = options->scaling.mean_count + options->scaling.std_count > 0;
    if (has_scaling && !options->scaling.used) {
        return cnnc_fault("--mean, --std", "are for pixels, and no INPUT has any");
    }
    if (check_status(network, network->run(context)) != 0) {
        return 1;
    }
    return give_out(network, options, context);
}

/* Without a sample: an input of zeros shows at least that the network runs. */
static int run_on_zeros(const struct cnnc_network *network, void *context) {
    for (size_t i = 0; i < network->input_count; i++) {
        const struct cnnc_port *const port = &network->inputs[i];
        const int is_quantized = port->stored != port->original;
        memset(network->input(context, i), is_quantized ? port->zero_point : 0,
               port->elements * cnnc_element_bytes(port->stored));
    }
    return network->run(context);
}

static int run_selftest(const struct cnnc_network *network, void *context) {
    const int status =
        network->selftest != NULL ? network->selftest(context) : run_on_zeros(network, context);
    if (check_status(network, status) != 0) {
        return 1;
    }
    for (size_t i = 0; i < network->output_count; i++) {
        cnnc_show_all(&network->outputs[i], network->output(context, i));
    }
    if (network->selftest != NULL) {
        (void)printf("selftest ok\n");
    }
    return 0;
}

static int run_loaded(const struct cnnc_network *network, struct cnnc_options *options,
                      void *context) {
    return options->file_count == 0 ? run_selftest(network, context)
                                    : run_on_files(network, options, context);
}

static int run_with_weights(const struct cnnc_network *network, struct cnnc_options *options,
                            void *context) {
    struct cnnc_weights_file file;
    if (network->weights_path == NULL) {
        return run_loaded(network, options, context);
    }
    int status = cnnc_open_weights(options->weights, network->weights_bytes,
                                   network->weights_alignment, &file);
    if (status == 0) {
        status = check_status(network, network->load(context, file.data, file.bytes));
    }
    if (status == 0) {
        status = run_loaded(network, options, context);
    }
    cnnc_close_weights(&file);
    return status;
}

static int run_in_memory(const struct cnnc_network *network, struct cnnc_options *options,
                         void *context, char *memory) {
    const size_t misfit = (uintptr_t)memory % network->arena_alignment;
    char *const arena = memory + (misfit == 0 ? 0 : network->arena_alignment - misfit);
    if (check_status(network, network->init(context, arena)) != 0) {
        return 1;
    }
    if (network->start_threads == NULL) {
        return run_with_weights(network, options, context);
    }
    int status = check_status(network, network->start_threads(context));
    if (status == 0) {
        status = run_with_weights(network, options, context);
    }
    network->stop_threads(context);
    return status;
}

static int run(const struct cnnc_network *network, struct cnnc_options *options) {
    void *const context = malloc(network->context_bytes);
    char *const memory = (char *)malloc(network->arena_bytes + network->arena_alignment);
    int status = 1;
    if (context == NULL || memory == NULL) {
        (void)cnnc_fault(network->name, "there is not enough memory");
    } else {
        status = run_in_memory(network, options, context, memory);
    }
    free(memory);
    free(context);
    return status;
}

int cnnc_example(int argc, char **argv, const struct cnnc_network *network) {
    struct cnnc_options options;
    int status = cnnc_parse_options(argc, argv, network, &options);
    if (status == 0 && options.wants_help) {
        cnnc_print_help(network);
    } else if (status == 0) {
        status = run(network, &options);
    }
    cnnc_free_options(&options);
    return status;
}

/* SPDX-License-Identifier: MIT-0 */
#include "cnnc_harness.h"

#include <string.h>

#define CRC_POLYNOMIAL 0xedb88320U
#define ARENA_FILL 0xa5

struct recorder {
    uint32_t crc_table[256];
    const int32_t *dump_offsets;
    int32_t layers;
    int32_t dump_bytes;
    uint8_t *checksums;
    uint8_t *sizes;
    uint8_t *dump;
    int32_t status;
};

static void fill_crc_table(uint32_t *table) {
    uint32_t byte;
    for (byte = 0; byte < 256U; ++byte) {
        uint32_t remainder = byte;
        int bit;
        for (bit = 0; bit < 8; ++bit) {
            remainder = (remainder >> 1) ^ ((remainder & 1U) != 0U ? CRC_POLYNOMIAL : 0U);
        }
        table[byte] = remainder;
    }
}

/* CRC-32 as zlib computes it. */
static uint32_t crc32_of(const uint32_t *table, const uint8_t *data, size_t bytes) {
    uint32_t crc = 0xffffffffU;
    size_t i;
    for (i = 0; i < bytes; ++i) {
        crc = table[(crc ^ data[i]) & 0xffU] ^ (crc >> 8);
    }
    return crc ^ 0xffffffffU;
}

static int32_t latest_layer = -1;

int32_t cnnc_harness_latest_layer(void) { return latest_layer; }

static void record_layer(void *user, int32_t layer, const void *data, size_t bytes) {
    struct recorder *recorder = (struct recorder *)user;
    uint32_t checksum;
    int32_t size = (int32_t)bytes;
    int32_t offset;
    latest_layer = layer;
    if (layer < 0 || layer >= recorder->layers || bytes > (size_t)INT32_MAX) {
        recorder->status = CNNC_HARNESS_BAD_LAYER;
        return;
    }
    checksum = crc32_of(recorder->crc_table, (const uint8_t *)data, bytes);
    memcpy(recorder->checksums + (size_t)layer * sizeof checksum, &checksum, sizeof checksum);
    memcpy(recorder->sizes + (size_t)layer * sizeof size, &size, sizeof size);
    offset = recorder->dump_offsets[layer];
    if (offset < 0) {
        return;
    }
    if (size > recorder->dump_bytes - offset) {
        recorder->status = CNNC_HARNESS_BAD_LAYER;
        return;
    }
    memcpy(recorder->dump + offset, data, bytes);
}

static int fits_model(const int32_t *request) {
    return request[0] == CNNC_HARNESS_MAGIC && request[1] >= 0 &&
           (request[2] == 0 || request[2] == cnnc_harness_model.layers) &&
           request[3] == cnnc_harness_model.input_bytes &&
           request[4] == cnnc_harness_model.output_bytes && request[5] >= 0;
}

size_t cnnc_harness_record_bytes(const int32_t *request) {
    const size_t layer_bytes = sizeof(uint32_t) + sizeof(int32_t);
    if (!fits_model(request)) {
        return 0;
    }
    return (size_t)request[4] + (size_t)request[2] * layer_bytes + (size_t)request[5];
}

static int32_t run_sample(struct recorder *recorder, void *arena, const int8_t *inputs,
                          uint8_t *record) {
    const size_t output_bytes = (size_t)cnnc_harness_model.output_bytes;
    const size_t table_bytes = (size_t)recorder->layers * sizeof(uint32_t);
    int32_t failed;
    recorder->checksums = record + output_bytes;
    recorder->sizes = recorder->checksums + table_bytes;
    recorder->dump = recorder->sizes + table_bytes;
    memset(recorder->checksums, 0, table_bytes);
    memset(recorder->sizes, 0xff, table_bytes);
    memset(recorder->dump, 0, (size_t)recorder->dump_bytes);
    latest_layer = -1;
    /* What an earlier inference left must not matter. */
    memset(arena, ARENA_FILL, cnnc_harness_model.arena_bytes);
    failed = cnnc_harness_model.infer(arena, inputs, (int8_t *)record,
                                      recorder->layers > 0 ? record_layer : NULL, recorder);
    return failed != 0 ? (int32_t)CNNC_HARNESS_MODEL_FAILED : recorder->status;
}

int32_t cnnc_harness_run(const struct cnnc_harness_machine *machine, const int32_t *request,
                         const int8_t *inputs, uint8_t *record) {
    struct recorder recorder;
    int32_t status;
    void *arena;
    memset(&recorder, 0, sizeof recorder);
    fill_crc_table(recorder.crc_table);
    recorder.layers = request[2];
    recorder.dump_bytes = request[5];
    recorder.dump_offsets = request + CNNC_HARNESS_REQUEST_FIELDS;
    /* Of its own, and exactly as large as the model asks for: sanitizers see what lies outside. */
    arena = machine->allocate(cnnc_harness_model.arena_bytes);
    if (arena == NULL) {
        return CNNC_HARNESS_NO_MEMORY;
    }
    status = run_sample(&recorder, arena, inputs, record);
    machine->release(arena);
    return status;
}

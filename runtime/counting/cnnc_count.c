/* SPDX-License-Identifier: MIT-0 */
/* A plugin of QEMU's code generator: how often each instruction of a program is executed, exactly
 * and the same in every run, in the intervals between marked addresses.
 *
 *     -plugin cnnc_count.so,out=FILE,mark=0x101a[,mark=...][,unaligned=1]
 *
 * Each execution of a marked instruction ends an interval and begins another, to which the marked
 * instruction belongs. FILE gets, per interval, a line "= ADDRESS" with the mark that began it (0
 * for the start of the program), then for each instruction that was executed in it a line
 *
 *     ADDRESS EXECUTED LEFT PIECES
 *
 * LEFT is how often the next instruction was not the one behind it: for a branch, how often it was
 * taken. PIECES is how many more accesses a 32-bit bus needs that takes aligned ones only: 1 for a
 * halfword at an odd address, 2 for a word there, 1 for a word at another halfword; 0 without
 * "unaligned", because watching memory takes time. Addresses are hexadecimal, counts decimal. One
 * core and one thread only.
 *
 * Distributions do not all ship QEMU's header, so what is used is declared here. These functions
 * are the same from version 1 of the interface (QEMU 4.2 to 8.2) to version 5 (QEMU 10.1). */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define BUCKETS 65536U
#define CALLBACK_USES_NO_REGISTERS 0
#define LOADS_AND_STORES 3

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block,
                                                        size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                                  void (*translated)(plugin_id,
                                                                     struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
                                                   void (*executed)(unsigned, void *), int flags,
                                                   void *user);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction,
                                             void (*accessed)(unsigned, uint32_t, uint64_t, void *),
                                             int flags, int kinds, void *user);
extern unsigned qemu_plugin_mem_size_shift(uint32_t access);
extern void qemu_plugin_register_atexit_cb(plugin_id id, void (*ended)(plugin_id, void *),
                                           void *user);
/* Only asked for its presence: it came with version 2, which no longer takes a plugin of 1. */
extern void *qemu_plugin_scoreboard_new(size_t bytes) __attribute__((weak));

/* Read by QEMU before it calls qemu_plugin_install. */
extern int qemu_plugin_version;
EXPORTED int qemu_plugin_version = 1;

/* NOLINTNEXTLINE(misc-use-internal-linkage): QEMU finds it by its name. */
EXPORTED int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

/* One instruction of the program; lives until QEMU ends. */
struct site {
    uint64_t address;
    uint64_t end;      /* address of the instruction behind it */
    uint64_t executed; /* in the interval that runs; likewise left and pieces */
    uint64_t left;
    uint64_t pieces;
    bool marked;
    struct site *next_in_bucket;
    struct site *next_touched;
};

/* QEMU gives its callbacks no place for a state of the plugin: it has to be global. */
static struct {
    FILE *out;
    bool unaligned; /* watch memory accesses too */
    uint64_t *marks;
    size_t mark_count;
    struct site *buckets[BUCKETS];
    struct site *touched;  /* executed in the interval that runs, the latest first */
    struct site *previous; /* executed last */
} counting;

/* Writes what the interval that runs has executed, and forgets it. */
static void end_interval(void) {
    struct site *site = counting.touched;
    while (site != NULL) {
        (void)fprintf(counting.out, "%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                      site->address, site->executed, site->left, site->pieces);
        site->executed = 0;
        site->left = 0;
        site->pieces = 0;
        site = site->next_touched;
    }
    counting.touched = NULL;
}

static void begin_interval(uint64_t address) {
    (void)fprintf(counting.out, "= %" PRIx64 "\n", address);
}

static void on_executed(unsigned core, void *user) {
    struct site *site = (struct site *)user;
    (void)core;
    if (counting.previous != NULL && counting.previous->end != site->address) {
        ++counting.previous->left;
    }
    counting.previous = site;
    if (site->marked) {
        end_interval();
        begin_interval(site->address);
    }
    if (site->executed == 0) {
        site->next_touched = counting.touched;
        counting.touched = site;
    }
    ++site->executed;
}

/* Runs after on_executed of the same instruction. */
static void on_accessed(unsigned core, uint32_t access, uint64_t address, void *user) {
    struct site *site = (struct site *)user;
    const unsigned shift = qemu_plugin_mem_size_shift(access);
    (void)core;
    if (shift == 1 || shift == 2) {
        const bool odd = (address & 1U) != 0;
        const bool halfway = (address & 3U) == 2;
        site->pieces += odd ? shift : (uint64_t)(halfway && shift == 2);
    }
}

static bool is_marked(uint64_t address) {
    size_t i;
    for (i = 0; i < counting.mark_count; ++i) {
        if (counting.marks[i] == address) {
            return true;
        }
    }
    return false;
}

/* An instruction may be translated more than once; its count stays the same one. */
static struct site *site_of(const struct qemu_plugin_insn *instruction) {
    const uint64_t address = qemu_plugin_insn_vaddr(instruction);
    struct site **bucket = &counting.buckets[(address >> 1) % BUCKETS];
    struct site *site = *bucket;
    while (site != NULL && site->address != address) {
        site = site->next_in_bucket;
    }
    if (site != NULL) {
        return site;
    }
    site = (struct site *)calloc(1, sizeof *site);
    if (site == NULL) {
        (void)fputs("cnnc_count: out of memory\n", stderr);
        abort();
    }
    site->address = address;
    site->end = address + qemu_plugin_insn_size(instruction);
    site->marked = is_marked(address);
    site->next_in_bucket = *bucket;
    *bucket = site;
    return site;
}

static void on_translated(plugin_id id, struct qemu_plugin_tb *block) {
    const size_t count = qemu_plugin_tb_n_insns(block);
    size_t i;
    (void)id;
    for (i = 0; i < count; ++i) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        struct site *site = site_of(instruction);
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_executed, CALLBACK_USES_NO_REGISTERS,
                                               site);
        if (counting.unaligned) {
            qemu_plugin_register_vcpu_mem_cb(instruction, on_accessed, CALLBACK_USES_NO_REGISTERS,
                                             LOADS_AND_STORES, site);
        }
    }
}

static void on_end(plugin_id id, void *user) {
    (void)id;
    (void)user;
    end_interval();
    if (fclose(counting.out) != 0) {
        (void)fputs("cnnc_count: the counts cannot be written\n", stderr);
    }
}

/* Takes one "key=value"; returns whether it is known and right. */
static bool take_argument(const char *argument) {
    if (strncmp(argument, "mark=", 5) == 0) {
        char *end;
        counting.marks[counting.mark_count++] = strtoull(argument + 5, &end, 16);
        return end != argument + 5 && *end == '\0';
    }
    if (strcmp(argument, "unaligned=1") == 0) {
        counting.unaligned = true;
        return true;
    }
    if (strncmp(argument, "out=", 4) == 0 && counting.out == NULL) {
        counting.out = fopen(argument + 4, "w");
        return counting.out != NULL;
    }
    return false;
}

/* QEMU looks at the version once the plugin is loaded, so this runs before. */
__attribute__((constructor)) static void choose_version(void) {
    if (qemu_plugin_scoreboard_new != NULL) {
        qemu_plugin_version = 2;
    }
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    int i;
    (void)info;
    counting.marks = (uint64_t *)calloc((size_t)argc + 1, sizeof *counting.marks);
    if (counting.marks == NULL) {
        return -1;
    }
    for (i = 0; i < argc; ++i) {
        if (!take_argument(argv[i])) {
            (void)fprintf(stderr, "cnnc_count: bad argument '%s'\n", argv[i]);
            return -1;
        }
    }
    if (counting.out == NULL) {
        (void)fputs("cnnc_count: no out=FILE\n", stderr);
        return -1;
    }
    begin_interval(0);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}

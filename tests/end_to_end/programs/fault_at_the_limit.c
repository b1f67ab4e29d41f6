/* SPDX-License-Identifier: MIT-0 */
/* A fault where the stack has no room for its frame; what lies there looks like one. */
#include "cnnc_firmware.h"

#define FRAME_WORDS 8

extern const uint8_t cnnc_text_start[];

static uint32_t find_call(void) {
    const uint8_t *place = cnnc_text_start;
    while (place[0] != 0xab || place[1] != 0xbe) {
        place += 2;
    }
    return (uint32_t)(uintptr_t)place;
}

__attribute__((naked, noinline)) static void fault_at(uint32_t *stack) {
    (void)stack;
    __asm volatile("mov sp, r0\n"
                   "udf #0\n");
}

int main(void) {
    const uint32_t call = find_call();
    uint32_t *word;
    for (word = cnnc_stack_limit; word < cnnc_stack_limit + FRAME_WORDS; ++word) {
        *word = call;
    }
    fault_at(cnnc_stack_limit + FRAME_WORDS / 2);
    return 2;
}

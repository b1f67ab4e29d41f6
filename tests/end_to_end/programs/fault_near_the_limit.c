/* SPDX-License-Identifier: MIT-0 */
/* Semihosting calls that fault, with much and with little of the stack left. */
#include "cnnc_firmware.h"

#define ROOMY_WORDS 80
#define TIGHT_WORDS 60
#define FRAME_R0 0
#define FRAME_PC 6

extern const uint8_t cnnc_text_start[];
void cnnc_fault(void);

static uint32_t find_call(void) {
    const uint8_t *place = cnnc_text_start;
    while (place[0] != 0xab || place[1] != 0xbe) {
        place += 2;
    }
    return (uint32_t)(uintptr_t)place;
}

/* Enters the handler with a frame at this place. */
__attribute__((naked, noinline)) static void fault_at(uint32_t *frame) {
    (void)frame;
    __asm volatile("push {r4, lr}\n"
                   "mov r4, sp\n"
                   "mov sp, r0\n"
                   "bl cnnc_fault\n"
                   "mov sp, r4\n"
                   "pop {r4, pc}\n");
}

int main(void) {
    const uint32_t call = find_call();
    uint32_t *const roomy = cnnc_stack_limit + ROOMY_WORDS;
    uint32_t *const tight = cnnc_stack_limit + TIGHT_WORDS;
    roomy[FRAME_PC] = call;
    fault_at(roomy);
    if (roomy[FRAME_R0] != 0xffffffffU || roomy[FRAME_PC] != call + 2U) {
        return 2;
    }
    cnnc_print("went on\n");
    tight[FRAME_PC] = call;
    fault_at(tight);
    return 3;
}

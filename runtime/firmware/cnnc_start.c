/* SPDX-License-Identifier: MIT-0 */
/* What C expects of memory before main, the same on every processor. */
#include "cnnc_firmware.h"

/* Defined by the linker script; all are multiples of 4. */
extern const uint32_t cnnc_data_load[];
extern uint32_t cnnc_data_start[];
extern uint32_t cnnc_data_end[];
extern uint32_t cnnc_bss_start[];
extern uint32_t cnnc_bss_end[];
extern void (*const cnnc_constructors_start[])(void);
extern void (*const cnnc_constructors_end[])(void);

void cnnc_prepare_memory(void) {
    const uint32_t *source = cnnc_data_load;
    uint32_t *target;
    for (target = cnnc_data_start; target < cnnc_data_end; ++target) {
        *target = *source;
        ++source;
    }
    for (target = cnnc_bss_start; target < cnnc_bss_end; ++target) {
        *target = 0;
    }
}

void cnnc_call_constructors(void) {
    void (*const *constructor)(void);
    for (constructor = cnnc_constructors_start; constructor < cnnc_constructors_end;
         ++constructor) {
        (*constructor)();
    }
}

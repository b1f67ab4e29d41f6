/* SPDX-License-Identifier: MIT-0 */
/* An application around the component 'net': its self-test. */
#include "net.h"

#include <stdio.h>

static int8_t arena[NET_ARENA_BYTES] __attribute__((aligned(NET_ARENA_ALIGNMENT)));

int main(void) {
    struct net_context context;
    if (net_init(&context, arena, sizeof arena) != NET_OK || net_selftest(&context) != NET_OK) {
        return 1;
    }
    (void)printf("selftest ok\n");
    return 0;
}

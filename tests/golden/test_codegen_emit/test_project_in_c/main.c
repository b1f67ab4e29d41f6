/* SPDX-License-Identifier: MIT-0 */
/* One inference on the command line; --help says of what. Without arguments, the self-test. */
#include "example/cnnc_example.h"

#include "example/chain_ports.h"

int main(int argc, char **argv) { return cnnc_example(argc, argv, &network); }

/* SPDX-License-Identifier: MIT-0 */
/* The Python module 'chain'. */
#include "cnnc_module.h"

#include "chain_ports.h"

PyMODINIT_FUNC PyInit_chain(void) { return cnnc_make_module(&network); }

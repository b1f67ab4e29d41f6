/* SPDX-License-Identifier: MIT-0 */
/* A Python module around any network. */
#ifndef CNNC_MODULE_H
#define CNNC_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "cnnc_network.h"

/* Make the module of a network. There can be one in each shared library. */
PyObject *cnnc_make_module(const struct cnnc_network *network);

#endif

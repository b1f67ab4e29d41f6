/* SPDX-License-Identifier: MIT-0 */
/* A Python module: the class Network, and a description of its inputs and outputs. */
#include "cnnc_module.h"

#include "cnnc_buffers.h"
#include "cnnc_feed.h"
#include "cnnc_weights_file.h"

#include <pythread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Set once, when the module is imported. */
static const struct cnnc_network *the_network;

struct network_object {
    PyObject_HEAD void *context;
    char *memory;
    struct cnnc_weights_file weights;
    /* Held during a run: the arena has room for one. */
    PyThread_type_lock lock;
    /* The process that the threads of the context belong to. */
    pid_t process;
};

int cnnc_fault(const char *path, const char *problem) {
    PyErr_Format(PyExc_ValueError, "%s: %s", path, problem);
    return 1;
}

static int check_status(int status) {
    if (status == 0) {
        return 0;
    }
    PyErr_Format(PyExc_RuntimeError, "%s: status %d: %s", the_network->name, status,
                 the_network->reason(status));
    return 1;
}

/* A process that fork() made has a copy of the memory, but none of the threads. */
static int is_copy(const struct network_object *self) {
    return the_network->start_threads != NULL && self->process != getpid();
}

static int start_threads(struct network_object *self) {
    self->process = getpid();
    return the_network->start_threads == NULL
               ? 0
               : check_status(the_network->start_threads(self->context));
}

static void network_dealloc(PyObject *self) {
    struct network_object *const typed = (struct network_object *)self;
    PyTypeObject *const type = Py_TYPE(self);
    /* All zeros, before init, are a context without threads. */
    if (the_network->stop_threads != NULL && typed->context != NULL && !is_copy(typed)) {
        the_network->stop_threads(typed->context);
    }
    cnnc_close_weights(&typed->weights);
    PyMem_RawFree(typed->context);
    PyMem_RawFree(typed->memory);
    if (typed->lock != NULL) {
        PyThread_free_lock(typed->lock);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

/* The path of the weights, where they are in a file; no argument otherwise. */
static int load_weights(struct network_object *self, PyObject *arguments, PyObject *keywords) {
    static char key[] = "weights";
    static char *with_path[] = {key, NULL};
    static char *without[] = {NULL};
    PyObject *path = NULL;
    if (the_network->weights_path == NULL) {
        return PyArg_ParseTupleAndKeywords(arguments, keywords, ":Network", without) ? 0 : 1;
    }
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&:Network", with_path,
                                     PyUnicode_FSConverter, &path)) {
        return 1;
    }
    int status = cnnc_open_weights(PyBytes_AS_STRING(path), the_network->weights_bytes,
                                   the_network->weights_alignment, &self->weights);
    Py_DECREF(path);
    if (status == 0) {
        status =
            check_status(the_network->load(self->context, self->weights.data, self->weights.bytes));
    }
    return status;
}

static int prepare(struct network_object *self, PyObject *arguments, PyObject *keywords) {
    self->context = PyMem_RawCalloc(1, the_network->context_bytes);
    self->memory =
        (char *)PyMem_RawCalloc(1, the_network->arena_bytes + the_network->arena_alignment);
    self->lock = PyThread_allocate_lock();
    if (self->context == NULL || self->memory == NULL || self->lock == NULL) {
        PyErr_NoMemory();
        return 1;
    }
    const size_t misfit = (uintptr_t)self->memory % the_network->arena_alignment;
    char *const arena = self->memory + (misfit == 0 ? 0 : the_network->arena_alignment - misfit);
    if (check_status(the_network->init(self->context, arena)) != 0 || start_threads(self) != 0) {
        return 1;
    }
    return load_weights(self, arguments, keywords);
}

static PyObject *network_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    PyObject *const self = type->tp_alloc(type, 0);
    if (self != NULL && prepare((struct network_object *)self, arguments, keywords) != 0) {
        Py_DECREF(self);
        return NULL;
    }
    return self;
}

/* Wait for another thread's run without keeping the interpreter from it. */
static int hold(struct network_object *self) {
    if (is_copy(self)) {
        /* The lock may be one that a thread of the other process held; it is left as it is. */
        PyThread_type_lock lock = PyThread_allocate_lock();
        if (lock == NULL) {
            PyErr_NoMemory();
            return 1;
        }
        self->lock = lock;
        the_network->forget_threads(self->context);
        if (start_threads(self) != 0) {
            return 1;
        }
    }
    if (PyThread_acquire_lock(self->lock, NOWAIT_LOCK)) {
        return 0;
    }
    Py_BEGIN_ALLOW_THREADS PyThread_acquire_lock(self->lock, WAIT_LOCK);
    Py_END_ALLOW_THREADS return 0;
}

static int feed(struct network_object *self, PyObject *inputs, struct cnnc_pixel_scaling *scaling) {
    const size_t given = (size_t)PyTuple_GET_SIZE(inputs);
    if (given != the_network->input_count) {
        PyErr_Format(PyExc_TypeError, "run() takes %zu inputs, not %zu", the_network->input_count,
                     given);
        return 1;
    }
    for (size_t i = 0; i < given; i++) {
        PyObject *const input = PyTuple_GET_ITEM(inputs, (Py_ssize_t)i);
        void *const place = the_network->input(self->context, i);
        if (cnnc_take_buffer(input, &the_network->inputs[i], scaling, place) != 0) {
            return 1;
        }
    }
    const int has_scaling = scaling->mean_count + scaling->std_count > 0;
    if (has_scaling && !scaling->used) {
        PyErr_SetString(PyExc_TypeError, "mean and std are for pixels (uint8), and there are none");
        return 1;
    }
    return 0;
}

static PyObject *give_outputs(struct network_object *self, int as_stored) {
    if (the_network->output_count == 1) {
        const void *const place = the_network->output(self->context, 0);
        return cnnc_give_buffer(&the_network->outputs[0], place, as_stored);
    }
    PyObject *const outputs = PyTuple_New((Py_ssize_t)the_network->output_count);
    for (size_t i = 0; outputs != NULL && i < the_network->output_count; i++) {
        const void *const place = the_network->output(self->context, i);
        PyObject *const output = cnnc_give_buffer(&the_network->outputs[i], place, as_stored);
        if (output == NULL) {
            Py_DECREF(outputs);
            return NULL;
        }
        PyTuple_SET_ITEM(outputs, (Py_ssize_t)i, output);
    }
    return outputs;
}

static PyObject *run_held(struct network_object *self, PyObject *inputs,
                          struct cnnc_pixel_scaling *scaling, int as_stored) {
    int status;
    if (feed(self, inputs, scaling) != 0) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS status = the_network->run(self->context);
    Py_END_ALLOW_THREADS return check_status(status) == 0 ? give_outputs(self, as_stored) : NULL;
}

static PyObject *network_run(PyObject *self, PyObject *arguments, PyObject *keywords) {
    static char mean_key[] = "mean";
    static char std_key[] = "std";
    static char stored_key[] = "stored";
    static char *keys[] = {mean_key, std_key, stored_key, NULL};
    struct network_object *const typed = (struct network_object *)self;
    struct cnnc_pixel_scaling scaling;
    PyObject *mean = NULL;
    PyObject *std = NULL;
    int as_stored = 0;
    PyObject *const none = PyTuple_New(0);
    if (none == NULL) {
        return NULL;
    }
    const int is_parsed =
        PyArg_ParseTupleAndKeywords(none, keywords, "|$OOp:run", keys, &mean, &std, &as_stored);
    Py_DECREF(none);
    memset(&scaling, 0, sizeof scaling);
    if (!is_parsed || cnnc_take_numbers("mean", mean, 0, scaling.mean, &scaling.mean_count) != 0 ||
        cnnc_take_numbers("std", std, 1, scaling.std, &scaling.std_count) != 0) {
        return NULL;
    }
    if (hold(typed) != 0) {
        return NULL;
    }
    PyObject *const outputs = run_held(typed, arguments, &scaling, as_stored);
    PyThread_release_lock(typed->lock);
    return outputs;
}

static PyObject *network_selftest(PyObject *self, PyObject *Py_UNUSED(nothing)) {
    struct network_object *const typed = (struct network_object *)self;
    int status;
    if (the_network->selftest == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the network was compiled without a sample");
        return NULL;
    }
    if (hold(typed) != 0) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS status = the_network->selftest(typed->context);
    Py_END_ALLOW_THREADS PyThread_release_lock(typed->lock);
    if (check_status(status) != 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(
    run_text,
    "run(*inputs, mean=None, std=None, stored=False)\n"
    "\n"
    "Return the outputs of one inference: a memoryview, or a tuple where there are several\n"
    "(numpy.asarray takes them without a copy).\n"
    "\n"
    "An input is an array (anything with the buffer protocol): real numbers in the model's\n"
    "own shape, int8 as stored (channel-last), or pixels: uint8, channel-last, of which\n"
    "becomes (pixel / 255 - mean) / std. bytes are the tensor as stored.\n"
    "Outputs are real numbers in the model's own shape, or as stored.\n"
    "Other threads run meanwhile; a Network does one inference at a time.");

PyDoc_STRVAR(selftest_text, "selftest()\n\nCompare an embedded sample's outputs with the "
                            "compiler's; RuntimeError if any byte differs.");

PyDoc_STRVAR(network_text, "The network with memory of its own for one inference at a time.");

/* Python's tables take functions of other types as PyCFunction; the flags say what they are. */
static PyMethodDef network_methods[] = {
    {"run", (PyCFunction)(void (*)(void))network_run, METH_VARARGS | METH_KEYWORDS, run_text},
    {"selftest", network_selftest, METH_NOARGS, selftest_text},
    {NULL, NULL, 0, NULL},
};

static PyObject *make_type(void) {
    static char name[80];
    static char text[sizeof network_text];
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)network_new},
        {Py_tp_dealloc, (void *)network_dealloc},
        {Py_tp_methods, network_methods},
        {Py_tp_doc, text},
        {0, NULL},
    };
    static PyType_Spec spec = {name, sizeof(struct network_object), 0, Py_TPFLAGS_DEFAULT, slots};
    memcpy(text, network_text, sizeof network_text);
    (void)PyOS_snprintf(name, sizeof name, "%s.Network", the_network->name);
    return PyType_FromSpec(&spec);
}

/* run and selftest of a network that the module has itself. */
static int add_functions(PyObject *module, PyObject *type) {
    PyObject *const network = PyObject_CallObject(type, NULL);
    if (network == NULL) {
        return 1;
    }
    int status = 0;
    for (const PyMethodDef *method = network_methods; method->ml_name != NULL; method++) {
        PyObject *const bound = PyObject_GetAttrString(network, method->ml_name);
        if (bound == NULL || PyModule_AddObject(module, method->ml_name, bound) != 0) {
            Py_XDECREF(bound);
            status = 1;
            break;
        }
    }
    Py_DECREF(network);
    return status;
}

static int add_object(PyObject *module, const char *name, PyObject *object) {
    if (object != NULL && PyModule_AddObject(module, name, object) == 0) {
        return 0;
    }
    Py_XDECREF(object);
    return 1;
}

static int fill(PyObject *module) {
    PyObject *const type = make_type();
    if (type == NULL) {
        return 1;
    }
    Py_INCREF(type);
    if (add_object(module, "Network", type) != 0 ||
        (the_network->weights_path == NULL && add_functions(module, type) != 0)) {
        Py_DECREF(type);
        return 1;
    }
    Py_DECREF(type);
    return add_object(module, "inputs",
                      cnnc_describe_ports(the_network->input_count, the_network->inputs)) ||
           add_object(module, "outputs",
                      cnnc_describe_ports(the_network->output_count, the_network->outputs));
}

PyObject *cnnc_make_module(const struct cnnc_network *network) {
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT,
        NULL,
        "A neural network as compiled C.",
        -1,
        NULL,
        NULL,
        NULL,
        NULL,
        NULL,
    };
    the_network = network;
    definition.m_name = network->name;
    PyObject *const module = PyModule_Create(&definition);
    if (module != NULL && fill(module) != 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}

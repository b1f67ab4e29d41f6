# SPDX-License-Identifier: MIT-0
"""Build the module 'chain': pip install ./python, or python setup.py build_ext.

Needs a C compiler, make and Python's headers (Debian: build-essential, python3-dev).
"""

import os
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(HERE)
# Where `cnnc compile` allows files that are not its own.
BUILD = os.path.join(PROJECT, "build", "python")
LIBRARY = os.path.join(BUILD, "libchain.a")
EXAMPLE = ("network", "tensor", "feed", "npy", "picture", "weights_file")


class BuildLibraryFirst(build_ext):
    """The Makefile knows the flags of every file of the network."""

    def build_extension(self, ext):
        flags = os.environ.get("CFLAGS", "-O2")
        command = ["make", "-C", PROJECT, "BUILD=" + BUILD, "CFLAGS=" + flags + " -fPIC", LIBRARY]
        subprocess.check_call(command)
        super().build_extension(ext)


if not os.path.exists(os.path.join(PROJECT, "Makefile")):
    sys.exit("the folder above is missing: run pip 21.3 or newer, or python setup.py, in place")
os.makedirs(BUILD, exist_ok=True)
os.chdir(HERE)
setup(
    name="chain",
    version="1.0",
    description="A neural network as compiled C",
    py_modules=[],
    ext_modules=[
        Extension(
            "chain",
            ["chain_module.c", "cnnc_module.c", "cnnc_buffers.c"]
            + ["../example/cnnc_" + name + ".c" for name in EXAMPLE],
            include_dirs=["../example", "../include", "."],
            extra_objects=[LIBRARY],
        )
    ],
    cmdclass={"build_ext": BuildLibraryFirst},
    options={"egg_info": {"egg_base": BUILD}, "build": {"build_base": BUILD}},
)

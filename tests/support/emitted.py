"""Write emitted projects and build programs around them."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tests.support.quant_networks import random_inputs

from cnnc.codegen.emit import Golden, emit
from cnnc.codegen.lower import lower
from cnnc.codegen.views import WeightsMode
from cnnc.ir.quant_model import QuantModel
from cnnc.simulator.reference import run_reference

WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wundef",
    "-Wcast-align",
    "-Wdouble-promotion",
    "-Wvla",
    "-Werror",
]
C_FLAGS = ("-std=c99", *WARNINGS, "-Wstrict-prototypes", "-Wmissing-prototypes")
CPP_FLAGS = ("-x", "c++", "-std=c++11", *WARNINGS)
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

_BIAS = re.compile(r"(_layer_(\d+)_(?:bias|channels)\w*\[\d+\] = \{\s*)(-?\d+)")
"""First number of a layer's biases: text before it, layer, number."""


def golden_of(model: QuantModel) -> Golden:
    """Return a sample with what the reference computes for it."""
    inputs = random_inputs(model)
    values = run_reference(model, inputs)
    return Golden(
        inputs=tuple(inputs[port.value][0] for port in model.inputs),
        outputs=tuple(values[port.value][0] for port in model.outputs),
    )


def emitted_files(model: QuantModel, weights: WeightsMode = "c") -> dict[str, bytes]:
    """Return the project of a model with its self-test."""
    return emit(lower(model), weights, golden_of(model))


def write_files(directory: Path, files: Mapping[str, bytes]) -> Path:
    """Write a project; returns its folder."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


def write_project(directory: Path, model: QuantModel, weights: WeightsMode = "c") -> Path:
    """Emit a model into a folder; returns the folder."""
    return write_files(directory, emitted_files(model, weights))


def spoil_first_bias(project: Path) -> None:
    """Change the first number of the first layer's biases in a project's constants.

    Kernels that read all numbers of a channel together have the bias first; every kernel set has
    an array of its own.
    """
    source = next((project / "src").glob("*_weights.c"))
    text = source.read_text(encoding="utf-8")
    layer = _BIAS.search(text)
    assert layer is not None, f"{source} has no bias"
    spoiled = _BIAS.sub(
        lambda found: f"{found[1]}{int(found[3]) + 4000}" if found[2] == layer[2] else found[0],
        text,
    )
    source.write_text(spoiled, encoding="utf-8")


def include_flags(projects: Sequence[Path]) -> list[str]:
    """Return the include path of some projects."""
    return [f"-I{project / folder}" for project in projects for folder in ("include", "src")]


def sources(project: Path) -> list[Path]:
    """Return the files of a project that a library is made of."""
    return sorted(path for path in (project / "src").iterdir() if path.suffix in {".c", ".S"})


def run_tool(command: Sequence[object], stdin: bytes = b"") -> bytes:
    """Return what a program writes; a failure shows what it said. Words become text."""
    done = subprocess.run(
        [str(word) for word in command], input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, f"status {done.returncode}: {done.stderr.decode()}"
    return done.stdout


def build(program: Path, projects: Sequence[Path], output: Path, flags: Sequence[str]) -> Path:
    """Compile a test program together with its projects under the sanitizers."""
    files = [program, *(file for project in projects for file in sources(project))]
    compiler = ["gcc", "-O1", *C_FLAGS, *SANITIZERS, *flags, *include_flags(projects)]
    run_tool([*compiler, *files, "-o", output])
    return output


def int8_bytes(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> bytes:
    """Return the bytes of an int8 array."""
    return array.astype(np.int8).tobytes()

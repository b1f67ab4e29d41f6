"""Write a program as a folder of C: the templates format, nothing is decided here."""

import logging
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.arrays import Blob, array_text, build_blob, number_rows
from cnnc.codegen.fill_views import arena_bytes, layer_view, port_views
from cnnc.codegen.firmware import firmware_files, firmware_of
from cnnc.codegen.hosted import hosted_files
from cnnc.codegen.kernel_set_view import kernel_set_view, owning_set
from cnnc.codegen.kernel_source import runtime_assembly, runtime_headers
from cnnc.codegen.linux_view import linux_view
from cnnc.codegen.lower import kernel_headers
from cnnc.codegen.program import CProgram
from cnnc.codegen.render import render
from cnnc.codegen.views import (
    AssemblyView,
    GoldenView,
    ModelView,
    PortView,
    SetView,
    SourceView,
    WeightsMode,
)
from cnnc.deploy.targets import Target
from cnnc.errors import InternalError
from cnnc.ir.types import AnyArray
from cnnc.memory.place import ALIGNMENT

logger = logging.getLogger(__name__)

C_LIMIT_BYTES = 4 * 2**20
"""Constants above this are not written as C, unless asked for: a compiler would take minutes and
gigabytes for the text, which is six times as long."""


@dataclass(frozen=True, eq=False)
class Golden:
    """One sample for the self-test that is embedded in the C.

    Attributes:
        inputs: int8 bytes of each input, storage order, any shape of the right size.
        outputs: What the reference computes for them.
    """

    inputs: tuple[AnyArray, ...]
    outputs: tuple[AnyArray, ...]


def weights_mode(program: CProgram, wanted: WeightsMode | None) -> WeightsMode:
    """Return how constants reach the program: as the user wants, else by their size."""
    if wanted is not None:
        return wanted
    if program.weight_bytes <= C_LIMIT_BYTES:
        return "c"
    logger.warning(
        "%s bytes of constants are a binary that the assembler includes: as C text they would take "
        "a compiler minutes (--weights c to have that)",
        f"{program.weight_bytes:,}",
    )
    return "asm"


def emit(
    program: CProgram,
    weights: WeightsMode = "c",
    golden: Golden | None = None,
    target: Target | None = None,
) -> dict[str, bytes]:
    """Return every source file of the project.

    Args:
        program: What to write.
        weights: ``c`` arrays in C; ``asm`` a binary file that a .S file includes; ``file`` a
            binary file that the program loads.
        golden: Sample of the self-test; without it there is no self-test.
        target: What the project is for; None for any machine with an operating system.

    Returns:
        Path in the project's folder, with ``/`` -> content. Sorted by path.

    Raises:
        InternalError: The golden sample does not fit the program.
    """
    blob = build_blob(() if weights == "c" else program.arrays)
    view = _model_view(program, weights, blob, golden, target)
    name = program.name
    texts = {
        f"include/{name}.h": render("model/model.h.j2", view),
        f"src/{name}.c": render("model/model.c.j2", view),
        f"src/{name}_io.c": render("model/io.c.j2", view),
        f"src/{name}_weights.h": render("model/weights.h.j2", view),
    }
    if golden is not None:
        texts[f"src/{name}_selftest.c"] = render("model/selftest.c.j2", view)
    if weights == "c":
        texts[f"src/{name}_weights.c"] = render("model/weights.c.j2", view)
    if weights == "asm":
        texts[f"src/{name}_weights.S"] = render("model/weights.S.j2", view)
    if weights == "file":
        texts[f"src/{name}_load.c"] = render("model/load.c.j2", view)
    if view.kernel_sets:
        texts[f"src/{name}_layers.h"] = render("model/layers.h.j2", view)
    for part in view.kernel_sets:
        source = f"src/{name}_{part.name}.c"
        texts[source] = render("model/kernel_set.c.j2", SetView(view, part))
    for file in program.assembly:
        kernel = AssemblyView(name, view.single_rounding, file)
        texts[f"src/{kernel.source}"] = render("model/kernel.S.j2", kernel)
    texts.update({f"src/cnnc/{header}": runtime_headers()[header] for header in program.headers})
    texts.update({f"src/cnnc/{file}": runtime_assembly()[file] for file in program.assembly})
    files = {path: text.encode("utf-8") for path, text in texts.items()}
    if target is not None and view.firmware is not None:
        files.update(firmware_files(view, target))
    else:
        files.update(hosted_files(view))
    if weights != "c":
        files[f"src/{name}_weights.bin"] = blob.data
    logger.info("emit: %d files, %d bytes", len(files), sum(map(len, files.values())))
    return dict(sorted(files.items()))


def _model_view(
    program: CProgram,
    weights: WeightsMode,
    blob: Blob,
    golden: Golden | None,
    target: Target | None,
) -> ModelView:
    name = program.name
    inputs = port_views(program, program.inputs, "input", weights)
    outputs = port_views(program, program.outputs, "output", weights)
    layers = tuple(layer_view(layer, weights) for layer in program.layers)
    sources = _sources(program, weights, has_selftest=golden is not None)
    return ModelView(
        name=name,
        macro=name.upper(),
        weights=weights,
        numbers=_numbers(program),
        is_real=any(layer.reads_real_numbers for layer in program.layers),
        single_rounding=program.rounding == "single",
        arena_bytes=arena_bytes(program),
        alignment=ALIGNMENT,
        inputs=inputs,
        outputs=outputs,
        layers=layers,
        includes=tuple(sorted({"cnnc_common.h", *kernel_headers(program.layers)})),
        arrays=tuple(map(array_text, program.arrays)) if weights == "c" else (),
        weight_bytes=program.weight_bytes,
        blob=blob.entries,
        blob_base="context->weights" if weights == "file" else f"{name}_weights",
        blob_bytes=len(blob.data),
        blob_alignment=blob.alignment,
        blob_crc32=f"0x{blob.crc32:08x}U",
        assembly=program.assembly,
        sources=sources,
        kernel_sets=tuple(
            kernel_set_view(program, layers, sources, level)
            for level in range(1, len(program.kernel_sets) + 1)
        ),
        threads=program.threads,
        golden_inputs=_golden_views(name, golden.inputs, inputs) if golden else (),
        golden_outputs=_golden_views(name, golden.outputs, outputs) if golden else (),
        linux=linux_view(target),
        firmware=firmware_of(target),
        needs_vendor_tools=target is not None and target.needs_vendor_tools,
        notes=target.notes if target is not None else "",
    )


def _numbers(program: CProgram) -> str:
    """Return what a program computes in, in words."""
    if program.dtype == "float32":
        return "float32"
    real = sum(layer.reads_real_numbers for layer in program.layers)
    return f"int8, with {real} of {len(program.layers)} layers in float32" if real else "int8"


def _sources(
    program: CProgram, weights: WeightsMode, *, has_selftest: bool
) -> tuple[SourceView, ...]:
    name = program.name
    last = {"c": f"{name}_weights.c", "asm": f"{name}_weights.S", "file": f"{name}_load.c"}[weights]
    files = [f"{name}.c", f"{name}_io.c", last]
    if has_selftest:
        files.append(f"{name}_selftest.c")
    files += [AssemblyView(name, False, file).source for file in program.assembly]
    files += [f"{name}_{kernel_set.name}.c" for kernel_set in program.kernel_sets]
    return tuple(
        SourceView(file, f"{file[:-2]}.o", owning_set(program, file[:-2])) for file in sorted(files)
    )


def _golden_views(
    name: str, arrays: tuple[AnyArray, ...], ports: tuple[PortView, ...]
) -> tuple[GoldenView, ...]:
    if len(arrays) != len(ports):
        raise InternalError(f"the self-test has {len(arrays)} arrays for {len(ports)} ports")
    views = []
    for array, port in zip(arrays, ports, strict=True):
        if array.nbytes != port.bytes:
            raise InternalError(
                f"the self-test's {port.suffix} is {array.dtype}{list(array.shape)}, "
                f"the program has {port.bytes} bytes"
            )
        views.append(
            GoldenView(f"{name}_golden_{port.suffix}", port, number_rows(_bytes_of(array)))
        )
    return tuple(views)


def _bytes_of(array: AnyArray) -> AnyArray:
    """Return the bytes as the little-endian targets have them in memory."""
    return np.ascontiguousarray(array).reshape(-1).view(np.int8)

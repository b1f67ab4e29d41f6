"""The road a model takes, stage by stage, from the file to the folder."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cnnc.codegen.emit import Golden, emit, weights_mode
from cnnc.codegen.fit import budget_of, check_fit, excess_over_board, with_given_sizes
from cnnc.codegen.folder import REPORT_FILE, check_replaceable, write_folder
from cnnc.codegen.lower import lower
from cnnc.codegen.names import check_identifier
from cnnc.codegen.program import CProgram
from cnnc.codegen.tflite import export_tflite
from cnnc.codegen.threads import check_threads
from cnnc.deploy.kernel_sets import kernel_sets
from cnnc.deploy.targets import (
    BOARD_COPY,
    BOARD_SUFFIX,
    Target,
    board_file_content,
    find_target,
)
from cnnc.importer.source import Source, read_source
from cnnc.importer.tflite.file import is_tflite
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.serialize import COMPUTED, UNPRUNED, save
from cnnc.ir.text import dump_quant
from cnnc.ir.types import Tensor
from cnnc.memory.plan import dump_plan
from cnnc.options import CompileOptions
from cnnc.passes.optimize import optimize, shrink
from cnnc.progress import Progress
from cnnc.report.compile_report import CompileReport
from cnnc.report.describe import describe_layers, describe_port
from cnnc.roads import import_int8, keep_float, quantize_float
from cnnc.simulator.reference import run_reference

logger = logging.getLogger(__name__)

SYNTHETIC_WARNING = (
    "no --calibration data: ranges come from synthetic inputs, so accuracy is not to be trusted; "
    "give typical inputs with --calibration FILE.npz (keys: the inputs' names, or 'x' for a "
    "single one; each [N, ...] as the model takes it)"
)

TextSink = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Compilation:
    """Everything that one compilation made.

    Attributes:
        target: What it is for.
        source: The model file.
        unpruned: After ``optimize``, with all channels.
        quant_model: After ``shrink``; what the C computes.
        program: After ``lower``.
        golden: One sample with its outputs, for the self-test.
        sqnr_db: Signal to quantization noise by value; empty where nothing was quantized.
        macs: Multiply-accumulates of the model as the user gave it.
        calibration: What the report says of the ranges.
    """

    target: Target
    source: Source
    unpruned: QuantModel
    quant_model: QuantModel
    program: CProgram
    golden: Golden
    sqnr_db: Mapping[str, float]
    macs: int
    calibration: Mapping[str, Any]


def compile_model(options: CompileOptions, progress: Progress, print_text: TextSink) -> Compilation:
    """Take a model through every stage up to the C program.

    Args:
        options: What the user asked for.
        progress: Called as (stage, done, total).
        print_text: Receives the dump of ``options.dump_after``.

    Raises:
        CnncError: The input is at fault.
    """
    target = find_target(options.target)
    check_threads(target, options.threads)
    if options.name is not None:
        check_identifier(options.name)
    for sentence in excess_over_board(target, options):
        logger.warning("%s", sentence)
    # Matrix products of several threads add in another order: the bytes would depend on their
    # number.
    with threadpool_limits(limits=1, user_api="blas"):
        return _compile(options, target, progress, print_text)


def _compile(
    options: CompileOptions, target: Target, progress: Progress, print_text: TextSink
) -> Compilation:
    def dump(stage: str, text: Callable[[], str]) -> None:
        if options.dump_after == stage:
            print_text(text())

    road = keep_float if options.dtype == "float32" else quantize_float
    if is_tflite(options.model):
        road = import_int8
    quantized = road(options, progress, dump)
    unpruned = optimize(quantized.model)
    # What shrinks a network follows from exact integer arithmetic.
    optimized = shrink(unpruned) if unpruned.dtype == "int8" else unpruned
    dump("optimize", lambda: dump_quant(optimized))
    golden = _golden(optimized, quantized.golden_inputs)
    sample_bytes = sum(array.nbytes for array in (*golden.inputs, *golden.outputs))
    budget = budget_of(target, options, sample_bytes)
    program = lower(
        optimized,
        frozenset(target.core.instruction_sets),
        budget,
        kernel_sets(target.core),
        options.threads,
    )
    dump("plan", lambda: dump_plan(program.plan))
    check_fit(target, options, program, sample_bytes)
    return Compilation(
        target=target,
        source=read_source(options.model),
        unpruned=unpruned,
        quant_model=optimized,
        program=program,
        golden=golden,
        sqnr_db=quantized.sqnr_db(unpruned),
        macs=quantized.macs,
        calibration=quantized.calibration,
    )


def compile_to_folder(
    options: CompileOptions, progress: Progress, print_text: TextSink
) -> tuple[Path, CompileReport]:
    """Compile and write the folder; returns where it is and what it holds.

    Raises:
        CnncError: The input is at fault; no folder is written then.
    """
    if options.output is not None:
        check_replaceable(options.output)
    compilation = compile_model(options, progress, print_text)
    model = compilation.quant_model
    directory = options.output or Path("build") / model.name
    reports: list[CompileReport] = []

    def files() -> Iterator[tuple[str, bytes]]:
        names = [REPORT_FILE]
        yield from map(partial(_noted, names), _files(compilation, options))
        reports.append(_report(compilation, tuple(sorted(names))))
        yield REPORT_FILE, reports[0].to_bytes()

    write_folder(directory, files())
    logger.info("wrote %d files to %s", len(reports[0].files), directory)
    return directory, reports[0]


def _noted(names: list[str], file: tuple[str, bytes]) -> tuple[str, bytes]:
    names.append(file[0])
    return file


def _files(compilation: Compilation, options: CompileOptions) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file but the report; holds one large one at a time."""
    yield from _emitted(compilation, options)
    yield from _model_files(compilation)
    yield from _board_files(options).items()


def _emitted(compilation: Compilation, options: CompileOptions) -> Iterator[tuple[str, bytes]]:
    sources = emit(
        compilation.program,
        weights_mode(compilation.program, options.weights),
        compilation.golden,
        with_given_sizes(compilation.target, options),
    )
    while sources:
        yield sources.popitem()


def _golden(model: QuantModel, inputs: Mapping[str, Tensor]) -> Golden:
    values = run_reference(model, inputs)
    return Golden(
        inputs=tuple(np.ascontiguousarray(inputs[port.value][0]) for port in model.inputs),
        outputs=tuple(np.ascontiguousarray(values[port.value][0]) for port in model.outputs),
    )


def _report(compilation: Compilation, files: tuple[str, ...]) -> CompileReport:
    model, program, target = compilation.quant_model, compilation.program, compilation.target
    return CompileReport(
        name=model.name,
        sha256=compilation.source.sha256,
        inputs=tuple(describe_port(port, model.values[port.value]) for port in model.inputs),
        outputs=tuple(describe_port(port, model.values[port.value]) for port in model.outputs),
        target=target.name,
        core=target.core.name,
        isa=target.core.isa,
        dtype=model.dtype,
        rounding=model.rounding if model.dtype == "int8" else None,
        macs=compilation.macs,
        macs_effective=model.macs(),
        channels_removed=sum(
            channels.channels - len(channels.kept) for channels in model.channel_maps.values()
        ),
        weight_bytes=program.weight_bytes,
        arena_bytes=program.plan.arena_bytes,
        scratch_bytes=program.plan.scratch_bytes,
        calibration=compilation.calibration,
        threads=program.threads,
        layers=describe_layers(model, program, compilation.sqnr_db),
        files=files,
    )


def _model_files(compilation: Compilation) -> Iterator[tuple[str, bytes]]:
    yield from _saved(compilation.quant_model, COMPUTED)
    if compilation.quant_model.dtype == "int8":
        yield "model/model.tflite", export_tflite(compilation.unpruned).data
    if compilation.unpruned is not compilation.quant_model:
        yield from _saved(compilation.unpruned, UNPRUNED)
    if compilation.source.copy is not None:
        yield f"model/{compilation.source.copy_name}", compilation.source.copy


def _board_files(options: CompileOptions) -> dict[str, bytes]:
    """Return the copy of a board's file of the user's; nothing for a target that cnnc knows."""
    if not options.target.endswith(BOARD_SUFFIX):
        return {}
    return {f"model/{BOARD_COPY}": board_file_content(options.target)}


def _saved(model: QuantModel, stem: str) -> Iterator[tuple[str, bytes]]:
    document, arrays = save(model)
    yield f"model/{stem}.json", document
    yield f"model/{stem}.npz", arrays

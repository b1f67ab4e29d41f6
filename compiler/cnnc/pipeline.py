"""The road a model takes, stage by stage, from the file to the folder."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from cnnc.codegen.emit import Golden, emit
from cnnc.codegen.folder import REPORT_FILE, check_replaceable, write_folder
from cnnc.codegen.lower import lower
from cnnc.codegen.names import check_identifier
from cnnc.codegen.program import CProgram
from cnnc.codegen.tflite import export_tflite
from cnnc.deploy.targets import Target, find_target
from cnnc.errors import MemoryFitError
from cnnc.importer.data import Samples, open_samples, synthetic_samples, to_storage
from cnnc.importer.read_onnx import read_onnx
from cnnc.importer.source import Source, read_source
from cnnc.ir.float_model import FloatModel
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.serialize import COMPUTED, UNPRUNED, save
from cnnc.ir.text import dump_float, dump_quant
from cnnc.ir.types import I8
from cnnc.memory.plan import dump_plan
from cnnc.options import CompileOptions
from cnnc.passes.optimize import optimize, shrink
from cnnc.passes.simplify import simplify
from cnnc.quantize.adapt import adapt_weights
from cnnc.quantize.calibrate import DEFAULT_METHOD, calibrate
from cnnc.quantize.fixed_point import quantize_real
from cnnc.quantize.quantize import quantize
from cnnc.quantize.ranges import ValueRanges
from cnnc.quantize.sqnr import layer_sqnr
from cnnc.report.compile_report import CompileReport
from cnnc.report.describe import describe_layers, describe_port
from cnnc.simulator.reference import run_reference

logger = logging.getLogger(__name__)

SYNTHETIC_SAMPLES = 32
SYNTHETIC_SEED = 0
SYNTHETIC_WARNING = (
    "no --calibration data: ranges come from synthetic inputs, so accuracy is not to be trusted; "
    "give typical inputs with --calibration FILE.npz (key 'x', float32, [N, ...] as the model "
    "takes them)"
)

StageProgress = Callable[[str, int, int], None]
TextSink = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Compilation:
    """Everything that one compilation made.

    Attributes:
        target: What it is for.
        source: The model file.
        float_model: After ``simplify``.
        ranges: Calibrated ranges.
        unpruned: After ``optimize``, with all channels.
        quant_model: After ``shrink``; what the C computes.
        program: After ``lower``.
        golden: One sample with its outputs, for the self-test.
        sqnr_db: Signal to quantization noise by value.
        synthetic: Whether the ranges come from synthetic inputs.
        adapted_weights: Whether the weights were fitted to the calibration data.
    """

    target: Target
    source: Source
    float_model: FloatModel
    ranges: ValueRanges
    unpruned: QuantModel
    quant_model: QuantModel
    program: CProgram
    golden: Golden
    sqnr_db: Mapping[str, float]
    synthetic: bool
    adapted_weights: bool


def compile_model(
    options: CompileOptions, progress: StageProgress, print_text: TextSink
) -> Compilation:
    """Take a model through every stage up to the C program.

    Args:
        options: What the user asked for.
        progress: Called as (stage, done, total).
        print_text: Receives the dump of ``options.dump_after``.

    Raises:
        CnncError: The input is at fault.
    """
    target = find_target(options.target)
    if options.name is not None:
        check_identifier(options.name)
    # Matrix products of several threads add in another order: the bytes would depend on their
    # number.
    with threadpool_limits(limits=1, user_api="blas"):
        return _compile(options, target, progress, print_text)


def _compile(
    options: CompileOptions, target: Target, progress: StageProgress, print_text: TextSink
) -> Compilation:
    def dump(stage: str, text: Callable[[], str]) -> None:
        if options.dump_after == stage:
            print_text(text())

    imported = read_onnx(options.model, options.input_shapes)
    if options.name is not None:
        imported = replace(imported, name=options.name)
    dump("import", lambda: dump_float(imported))
    simplified = simplify(imported)
    dump("simplify", lambda: dump_float(simplified))

    samples = _samples(options, simplified)
    ranges = calibrate(
        simplified,
        samples,
        options.method or DEFAULT_METHOD,
        lambda done, total: progress("calibrating", done, total),
    )
    adapted = simplified
    if options.calibration is not None and options.adapt_weights:
        adapted = adapt_weights(
            simplified,
            ranges,
            samples,
            lambda done, total: progress("adapting weights", done, total),
        )
    quantized = quantize(adapted, ranges, options.rounding)
    dump("quantize", lambda: dump_quant(quantized))
    unpruned = optimize(quantized)
    optimized = shrink(unpruned)
    dump("optimize", lambda: dump_quant(optimized))
    program = lower(optimized, frozenset(target.core.instruction_sets))
    dump("plan", lambda: dump_plan(program.plan))
    _check_fit(options, target, program)
    return Compilation(
        target=target,
        source=read_source(options.model),
        float_model=simplified,
        ranges=ranges,
        unpruned=unpruned,
        quant_model=optimized,
        program=program,
        golden=_golden(optimized, samples),
        sqnr_db=layer_sqnr(simplified, unpruned, samples),
        synthetic=options.calibration is None,
        adapted_weights=adapted is not simplified,
    )


def compile_to_folder(
    options: CompileOptions, progress: StageProgress, print_text: TextSink
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
    files = {
        **emit(compilation.program, options.weights, compilation.golden),
        **_model_files(compilation),
    }
    report = _report(compilation, tuple(sorted([*files, REPORT_FILE])))
    write_folder(directory, {**files, REPORT_FILE: report.to_bytes()})
    logger.info("wrote %d files to %s", len(files) + 1, directory)
    return directory, report


def _samples(options: CompileOptions, model: FloatModel) -> Samples:
    if options.calibration is not None:
        return open_samples(options.calibration, model.inputs)
    return synthetic_samples(model.inputs, SYNTHETIC_SAMPLES, SYNTHETIC_SEED)


def _golden(model: QuantModel, samples: Samples) -> Golden:
    first = next(samples.batches(1))
    inputs: dict[str, I8] = {}
    for port in model.inputs:
        stored = to_storage(port, first[port.name])
        inputs[port.value] = quantize_real(stored, model.values[port.value].quantization)
    values = run_reference(model, inputs)
    return Golden(
        inputs=tuple(np.ascontiguousarray(inputs[port.value][0]) for port in model.inputs),
        outputs=tuple(np.ascontiguousarray(values[port.value][0]) for port in model.outputs),
    )


def _report(compilation: Compilation, files: tuple[str, ...]) -> CompileReport:
    model, program, target = compilation.quant_model, compilation.program, compilation.target
    float_macs = sum(
        node.op.macs(compilation.float_model.input_shapes(node))
        for node in compilation.float_model.nodes
    )
    return CompileReport(
        name=model.name,
        sha256=compilation.source.sha256,
        inputs=tuple(describe_port(port, model.values[port.value]) for port in model.inputs),
        outputs=tuple(describe_port(port, model.values[port.value]) for port in model.outputs),
        target=target.name,
        core=target.core.name,
        isa=target.core.isa,
        rounding=model.rounding,
        macs=float_macs,
        macs_effective=model.macs(),
        channels_removed=sum(
            channels.channels - len(channels.kept) for channels in model.channel_maps.values()
        ),
        weight_bytes=program.weight_bytes,
        arena_bytes=program.plan.arena_bytes,
        scratch_bytes=program.plan.scratch_bytes,
        calibration={
            "method": compilation.ranges.method,
            "samples": compilation.ranges.samples,
            "synthetic": compilation.synthetic,
            "adapted_weights": compilation.adapted_weights,
        },
        layers=describe_layers(model, program, compilation.sqnr_db),
        files=files,
    )


def _model_files(compilation: Compilation) -> dict[str, bytes]:
    files = {
        **_saved(compilation.quant_model, COMPUTED),
        "model/model.tflite": export_tflite(compilation.unpruned).data,
    }
    if compilation.unpruned is not compilation.quant_model:
        files.update(_saved(compilation.unpruned, UNPRUNED))
    if compilation.source.copy is not None:
        files["model/source.onnx"] = compilation.source.copy
    return files


def _saved(model: QuantModel, stem: str) -> dict[str, bytes]:
    document, arrays = save(model)
    return {f"model/{stem}.json": document, f"model/{stem}.npz": arrays}


def _check_fit(options: CompileOptions, target: Target, program: CProgram) -> None:
    ram_bytes = options.ram_bytes if options.ram_bytes is not None else target.ram_bytes
    arena = program.plan.arena_bytes
    largest = max(program.layers, key=lambda layer: program.plan.live_bytes[layer.index])
    if ram_bytes is not None and arena > ram_bytes:
        raise MemoryFitError(
            f"the activations need {arena:,} bytes of RAM, {arena - ram_bytes:,} more than the "
            f"{ram_bytes:,} bytes of {target.name}; layer '{largest.name}' ({largest.kind}) "
            "needs most",
            "choose a smaller network or input, or a board with more RAM",
            "--ram" if options.ram_bytes is not None else target.name,
        )
    flash_bytes = options.flash_bytes if options.flash_bytes is not None else target.flash_bytes
    weights = program.weight_bytes
    if flash_bytes is not None and weights > flash_bytes:
        raise MemoryFitError(
            f"the constants need {weights:,} bytes of flash, {weights - flash_bytes:,} more than "
            f"the {flash_bytes:,} bytes of {target.name}",
            "choose a smaller network, or a board with more flash",
            "--flash" if options.flash_bytes is not None else target.name,
        )

"""The roads to a network of layers: float ONNX to int8, float ONNX as it is, int8 .tflite."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cnnc.importer.data import Samples, open_samples, synthetic_samples
from cnnc.importer.read_onnx import read_onnx
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.float_model import FloatModel
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.text import dump_float, dump_quant
from cnnc.ir.types import ElementType, Tensor
from cnnc.options import CompileOptions, check_float32_options, check_int8_options
from cnnc.passes.simplify import simplify
from cnnc.progress import Progress
from cnnc.quantize.adapt import adapt_weights
from cnnc.quantize.calibrate import DEFAULT_METHOD, calibrate
from cnnc.quantize.given_formats import has_given_formats
from cnnc.quantize.keep_given import keep_given
from cnnc.quantize.keep_real import keep_real
from cnnc.quantize.quantize import quantize
from cnnc.quantize.sqnr import layer_sqnr
from cnnc.simulator.inputs import random_inputs, store_inputs

SYNTHETIC_SAMPLES = 32
SYNTHETIC_SEED = 0

Dump = Callable[[str, Callable[[], str]], None]
"""Called as (stage, text): prints the text if it is wanted."""


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """The network at the end of any road.

    Attributes:
        model: Before ``optimize``.
        macs: Multiply-accumulates of the model as the user gave it.
        golden_inputs: One sample for the self-test: value key -> (1, *storage_shape).
        calibration: What the report says of the ranges.
        sqnr_db: Measures the signal to quantization noise of the network with all channels.
    """

    model: QuantModel
    macs: int
    golden_inputs: Mapping[str, Tensor]
    calibration: Mapping[str, Any]
    sqnr_db: Callable[[QuantModel], Mapping[str, float]]


def quantize_float(options: CompileOptions, progress: Progress, dump: Dump) -> QuantizedModel:
    """Import an ONNX model, simplify it, and quantize it by the calibrated ranges.

    Args:
        options: What the user asked for.
        progress: Called as (stage, done, total).
        dump: Called after each stage.

    Raises:
        CnncError: The input is at fault.
    """
    simplified = _simplified(options, dump)
    if has_given_formats(simplified):
        return _keep_formats(options, simplified, progress, dump)
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
    quantized = quantize(adapted, ranges, options.rounding or "double")
    dump("quantize", lambda: dump_quant(quantized))
    return QuantizedModel(
        model=quantized,
        macs=simplified.macs(),
        golden_inputs=store_inputs(quantized, next(samples.batches(1))),
        calibration={
            "method": ranges.method,
            "samples": ranges.samples,
            "synthetic": options.calibration is None and quantized.dtype == "int8",
            "adapted_weights": adapted is not simplified,
        },
        sqnr_db=lambda unpruned: layer_sqnr(simplified, unpruned, samples),
    )


def keep_float(options: CompileOptions, progress: Progress, dump: Dump) -> QuantizedModel:
    """Import an ONNX model and simplify it; every layer stays in float32.

    Args:
        options: What the user asked for.
        progress: Not called.
        dump: Called after each stage.

    Raises:
        CnncError: The input is at fault, or an option is one of quantization.
    """
    del progress
    check_float32_options(options)
    simplified = _simplified(options, dump)
    kept = keep_real(simplified)
    sample = next(_synthetic_samples(simplified, 1).batches(1))
    return QuantizedModel(
        model=kept,
        macs=kept.macs(),
        golden_inputs=store_inputs(kept, sample),
        calibration=_no_calibration("float32"),
        sqnr_db=lambda unpruned: {},
    )


def _simplified(options: CompileOptions, dump: Dump) -> FloatModel:
    """Import and simplify; the model as imported is let go, with the weights that it alone has."""
    imported = read_onnx(options.model, options.input_shapes)
    if options.name is not None:
        imported = replace(imported, name=options.name)
    dump("import", lambda: dump_float(imported))
    simplified = simplify(imported)
    dump("simplify", lambda: dump_float(simplified))
    return simplified


def _keep_formats(
    options: CompileOptions, simplified: FloatModel, progress: Progress, dump: Dump
) -> QuantizedModel:
    """Quantize a model that states its own formats; what has none is calibrated."""
    samples = _samples(options, simplified)
    method = options.method or DEFAULT_METHOD
    kept = keep_given(
        simplified,
        options.rounding or "single",
        lambda: calibrate(
            simplified, samples, method, lambda done, total: progress("calibrating", done, total)
        ),
    )
    dump("quantize", lambda: dump_quant(kept.model))
    has_data = options.calibration is not None
    return QuantizedModel(
        model=kept.model,
        macs=simplified.macs(),
        golden_inputs=store_inputs(kept.model, next(samples.batches(1))),
        calibration={
            "method": f"given, {method}" if kept.calibrated else "given",
            "samples": samples.count if kept.calibrated else 0,
            "synthetic": bool(kept.calibrated) and not has_data,
            "adapted_weights": False,
        },
        sqnr_db=lambda unpruned: layer_sqnr(simplified, unpruned, samples) if has_data else {},
    )


def import_int8(options: CompileOptions, progress: Progress, dump: Dump) -> QuantizedModel:
    """Import an int8 .tflite file; there is nothing to calibrate.

    Args:
        options: What the user asked for.
        progress: Not called.
        dump: Called after the import.

    Raises:
        CnncError: The input is at fault, or an option is one of calibration.
    """
    del progress
    check_int8_options(options)
    imported = read_tflite(options.model, options.input_shapes, options.rounding or "double")
    if options.name is not None:
        imported = replace(imported, name=options.name)
    dump("import", lambda: dump_quant(imported))
    return QuantizedModel(
        model=imported,
        macs=imported.macs(),
        golden_inputs=random_inputs(imported, SYNTHETIC_SEED, 0),
        calibration=_no_calibration("tflite"),
        sqnr_db=lambda unpruned: {},
    )


def _no_calibration(method: str) -> dict[str, Any]:
    """Return what the report says where no ranges were looked for."""
    return {"method": method, "samples": 0, "synthetic": False, "adapted_weights": False}


def _samples(options: CompileOptions, model: FloatModel) -> Samples:
    if options.calibration is not None:
        return open_samples(options.calibration, model.inputs, _input_types(model))
    return _synthetic_samples(model, SYNTHETIC_SAMPLES)


def _synthetic_samples(model: FloatModel, count: int) -> Samples:
    return synthetic_samples(model.inputs, count, SYNTHETIC_SEED, _input_types(model))


def _input_types(model: FloatModel) -> dict[str, ElementType]:
    return {port.name: model.element_type(port.value) for port in model.inputs}

"""How far each layer's int8 values are from the float model's."""

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from cnnc.importer.data import Samples, to_storage
from cnnc.ir.float_model import FloatModel
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, AnyArray, Tensor, elements
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.quantize.float_reference import run_float
from cnnc.quantize.given_formats import given_formats
from cnnc.quantize.sampling import spread_samples
from cnnc.simulator.reference import iterate_reference

SAMPLE_LIMIT = 16
MAC_LIMIT = 2**36
"""Bound on the multiply-accumulates of all samples."""
BATCH_BYTES = 64 * 2**20
"""Bound on all float values of one batch."""

LARGEST_DB = 150.0
"""Ratios are clamped to +-150 dB, which is beyond float32's own precision; keeps them finite."""


def layer_sqnr(
    model_float: FloatModel, model_quant: QuantModel, samples: Samples
) -> dict[str, float]:
    """Return the signal-to-quantization-noise ratio of every value, in dB.

    10 * log10(sum float^2 / sum (float - dequantized)^2), over at most 16 samples from all over
    the data, fewer of a network that takes long. Where the model gives a value its format, float is
    the real number rounded to that format, as its QuantizeLinear does: a ReLU that is no more than
    the bounds of the format is in both then.

    Args:
        model_float: The network before quantization.
        model_quant: The same network on int8.
        samples: Float inputs.

    Returns:
        Value key -> dB in [-150, 150], for the values that both models have in the same shape.
    """
    signal: defaultdict[str, float] = defaultdict(float)
    noise: defaultdict[str, float] = defaultdict(float)
    given = given_formats(model_float).values
    size = _batch_size(model_float)
    limit = max(1, min(SAMPLE_LIMIT, MAC_LIMIT // max(model_float.macs(), 1)))
    chosen = spread_samples(samples, limit, size)
    stored = {port.value: to_storage(port, chosen[port.name]) for port in model_float.inputs}
    for begin in range(0, min(samples.count, limit), size):
        inputs = {value: array[begin : begin + size] for value, array in stored.items()}
        for value, real, integers in _side_by_side(model_float, model_quant, inputs):
            format_ = model_quant.values[value].format
            if format_ is None or real.shape != integers.shape:
                continue
            found = dequantize(integers, format_)
            if value in given:
                real = dequantize(quantize_real(real, format_), format_)  # noqa: PLW2901
            wide = real.astype(np.float64)
            signal[value] += float(np.square(wide).sum())
            np.subtract(wide, found, out=wide)
            noise[value] += float(np.square(wide, out=wide).sum())
    return {value: _decibel(signal[value], noise[value]) for value in signal}


def _side_by_side(
    model_float: FloatModel, model_quant: QuantModel, inputs: dict[str, Tensor]
) -> Iterator[tuple[str, F32, AnyArray]]:
    """Yield value key, float and int8 array of what both networks compute, as the latter does.

    The float network is run as far as needed: where both have the same values, one is held.
    """
    common = _computed(model_float) & _computed(model_quant)
    reals = ((name, real) for name, real in run_float(model_float, inputs) if name in common)
    waiting: dict[str, F32] = {}
    for value, integers in iterate_reference(model_quant, _quantized(model_quant, inputs)):
        if value not in common:
            continue
        while value not in waiting:
            name, waiting[name] = next(reals)
        yield value, waiting.pop(value), integers


def _computed(model: FloatModel | QuantModel) -> set[str]:
    """Return the inputs and the values that a node defines."""
    return {port.value for port in model.inputs} | {node.output for node in model.nodes}


def _quantized(model: QuantModel, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    formats = {name: model.values[name].format for name in inputs}
    return {
        name: array if (format_ := formats[name]) is None else quantize_real(array, format_)
        for name, array in inputs.items()
    }


def _decibel(signal: float, noise: float) -> float:
    if noise == 0.0:
        return LARGEST_DB
    if signal == 0.0:
        return -LARGEST_DB
    return min(max(10.0 * math.log10(signal / noise), -LARGEST_DB), LARGEST_DB)


def _batch_size(model: FloatModel) -> int:
    item_bytes = np.dtype(np.float32).itemsize
    per_sample = item_bytes * sum(elements(shape) for shape in model.shapes.values())
    return max(1, min(SAMPLE_LIMIT, BATCH_BYTES // max(per_sample, 1)))

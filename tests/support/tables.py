"""Compare all 256 results of an op with both TFLite runtimes, many formats at once."""

from collections.abc import Sequence

import numpy as np

from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import I8, AnyArray, Quantization
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.tflite_runtime import TfliteRuntime, TfliteSession, installed_runtimes

ALL_INPUTS: I8 = np.arange(-128, 128).astype(np.int8)
"""Every int8 value, in the order of a table."""

Formats = tuple[QuantOp, Quantization, Quantization]
"""An op with the formats of its operand and its result."""


def random_formats(count: int, low: float, high: float, seed: int = 0) -> list[Quantization]:
    """Return formats with scales spread evenly over the decades from low to high."""
    generator = np.random.default_rng(seed)
    scales = np.exp(generator.uniform(np.log(low), np.log(high), count)).astype(np.float32)
    zero_points = generator.integers(-128, 128, count)
    zero_points[:: count // 20 + 1] = -128
    zero_points[1 :: count // 20 + 1] = 127
    pairs = zip(scales, zero_points, strict=True)
    return [Quantization(float(scale), int(zero_point)) for scale, zero_point in pairs]


def quantized(op: FloatOp, source: Quantization, target: Quantization) -> Formats:
    """Return the op quantized for 256 elements of one format."""
    shape = ALL_INPUTS.shape
    context = QuantizeContext("op", "double", (source,), (shape,), target, shape)
    return op.quantize(context), source, target


def assert_tflite_tables(op: FloatOp, sources: Sequence[Quantization]) -> None:
    """Assert that an op of fixed output format maps all 256 inputs as TFLite does.

    Args:
        op: An op whose output format is fixed.
        sources: Formats of the operand to try.
    """
    assert op.fixed_format is not None
    assert_same_as_tflite([quantized(op, source, op.fixed_format) for source in sources])


def assert_same_as_tflite(cases: Sequence[Formats]) -> None:
    """Assert that each op maps all 256 inputs as the reference kernels of every runtime do."""
    graph = TfliteGraph()
    inputs: list[int] = []
    outputs: list[int] = []
    for op, source, target in cases:
        value, result = (QuantValue(ALL_INPUTS.shape, each) for each in (source, target))
        inputs.append(graph.activation(f"input_{len(inputs)}", value))
        outputs.append(graph.activation(f"output_{len(outputs)}", result))
        op.export_tflite(graph, TfliteOperands((inputs[-1],), (value,), outputs[-1], result))
    data = graph.file(inputs, outputs)
    for runtime in installed_runtimes():
        session = TfliteSession(runtime, data)
        (found,) = session.run([ALL_INPUTS[np.newaxis]] * len(cases))
        _assert_equal(runtime, cases, found)


def _assert_equal(
    runtime: TfliteRuntime, cases: Sequence[Formats], found: Sequence[AnyArray]
) -> None:
    for (op, source, target), actual in zip(cases, found, strict=True):
        (expected,) = op.evaluate([ALL_INPUTS[np.newaxis]], Arithmetic())
        np.testing.assert_array_equal(
            expected, actual, f"{op.kind} {source} -> {target} under {runtime}"
        )

"""Clip to an interval; ReLU is clip to [0, infinity) (ONNX Clip, Relu; spec 4.12, 4.14).

Fused into the op before it wherever that can clamp its result; what is left becomes a table.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import (
    F32,
    INT8_MAX,
    INT8_MIN,
    Activation,
    AnyArray,
    Quantization,
)
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import QuantLookup, all_inputs, rescaling_table
from cnnc.ops._unary import UnaryOp
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, activation_limits, quantize_real

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_TFLITE_OPERATORS = {Activation.RELU: 2, Activation.RELU6: 2, Activation.RELU_N1_TO_1: 1}
"""With the version that takes int8."""
_TFLITE_BROADCAST_RANK = 4


@dataclass(frozen=True, eq=False)
class Clip(UnaryOp):
    """min(max(x, low), high), element by element.

    Attributes:
        low: Lower bound, minus infinity for none.
        high: Upper bound, infinity for none; not below ``low``.
    """

    low: float
    high: float

    operator_name = "clip"

    def parameters(self) -> tuple[float, float]:
        """Return low and high."""
        return self.low, self.high

    def apply(self, x: F32) -> F32:
        """Clip every element."""
        return float_math.clamp(x, self.low, self.high)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table that rescales, then clamps.

        The ratio of the scales is float32 where TFLite has an operator of its own, else double, as
        in TFLite.
        """
        source, output = context.inputs[0], context.output
        activation = Activation.from_bounds(self.low, self.high)
        if activation is not None and activation in _TFLITE_OPERATORS:
            ratio = float(np.float32(source.scale) / np.float32(output.scale))
            limits = activation_limits(activation, output)
        else:
            activation = Activation.NONE
            ratio = source.scale / output.scale
            limits = (_int8_bound(self.low, output), _int8_bound(self.high, output))
        zero_points = (source.zero_point, output.zero_point)
        table = rescaling_table(ratio, zero_points, Arithmetic(context.rounding), limits)
        return QuantClip(table, activation, *limits)


@dataclass(frozen=True, eq=False)
class QuantClip(QuantLookup):
    """Clip on int8: y = clamp(MBQM(q - z_in, QM(s_in / s_out)) + z_out, minimum, maximum).

    Attributes:
        activation: What TFLite has as an operator of its own, else NONE.
        minimum: Least result, -128..127.
        maximum: Greatest result, -128..127.
    """

    activation: Activation
    minimum: int
    maximum: int

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add RELU, RELU6 or RELU_N1_TO_1; for other bounds QUANTIZE, then MAXIMUM and MINIMUM."""
        source = operands.inputs[0]
        if self.activation in _TFLITE_OPERATORS:
            version = _TFLITE_OPERATORS[self.activation]
            graph.operator(self.activation.value, [source], operands.output, version=version)
            return
        bounds = [("MAXIMUM", self.minimum)] if self.minimum > INT8_MIN else []
        bounds += [("MINIMUM", self.maximum)] if self.maximum < INT8_MAX else []
        shape, format_ = operands.output_value.shape, operands.output_value.quantization
        steps = [graph.intermediate(shape, format_) for _ in bounds]
        targets = [*steps, operands.output]
        graph.operator("QUANTIZE", [source], targets[0], version=2)
        # A constant of full shape needs no broadcasting, which not every rank has.
        bound_shape = (1,) if len(shape) <= _TFLITE_BROADCAST_RANK else shape
        for (code, bound), step, target in zip(bounds, steps, targets[1:], strict=True):
            constant = graph.constant(
                np.full(bound_shape, bound, dtype=np.int8), (format_.scale,), format_.zero_point
            )
            options = TfliteOptions("MaximumMinimumOptions", {})
            graph.operator(code, [step, constant], target, options, version=2)


def _int8_bound(real: float, output: Quantization) -> int:
    if math.isinf(real):
        return INT8_MIN if real < 0 else INT8_MAX
    return int(quantize_real(np.asarray(real, dtype=np.float32), output))


def _read_relu(reader: "NodeReader") -> None:
    value = reader.stored(0)
    reader.define(reader.emit(Clip(0.0, math.inf), [value.key]), value.axes)


def _read_clip(reader: "NodeReader") -> None:
    low, high = _bound(reader, 1, "min", -math.inf), _bound(reader, 2, "max", math.inf)
    if low == math.inf or high == -math.inf:
        raise UnsupportedAttributeError(f"the bounds min {low:g} and max {high:g} are no interval")
    # Where min is above max, ONNX says that every result is max.
    low = min(low, high)
    value = reader.stored(0)
    if math.isinf(low) and math.isinf(high):
        reader.define(value.key, value.axes)
        return
    reader.define(reader.emit(Clip(low, high), [value.key]), value.axes)


def _bound(reader: "NodeReader", index: int, name: str, default: float) -> float:
    """Return a bound; the largest float32 values mean that there is none."""
    if reader.opset < 11:
        bound = reader.float_attribute(name, default)
    elif reader.has_input(index):
        bound = _scalar(reader.constant(index, name, allow_infinite=True), name)
    else:
        bound = default
    return math.copysign(math.inf, bound) if abs(bound) >= _FLOAT32_MAX else bound


def _scalar(array: AnyArray, name: str) -> float:
    if array.size != 1:
        raise UnsupportedAttributeError(f"{name} has shape {list(array.shape)}, not one element")
    return float(array.astype(np.float64).item())


def _read_tflite_relu(reader: "TfliteNodeReader") -> None:
    reader.emit(Clip(0.0, math.inf), [reader.key(0)])


def _read_relu6(reader: "TfliteNodeReader") -> None:
    reader.emit(Clip(0.0, 6.0), [reader.key(0)])


def _read_relu_n1_to_1(reader: "TfliteNodeReader") -> None:
    reader.emit(Clip(-1.0, 1.0), [reader.key(0)])


def clamp_levels(limits: tuple[int, int]) -> QuantClip:
    """Return the op that clamps int8 values and keeps their format."""
    return QuantClip(np.clip(all_inputs(), *limits).astype(np.int8), Activation.NONE, *limits)


def emit_clamped(reader: "TfliteNodeReader", op: FloatOp, activation: Activation) -> None:
    """Add an op that keeps its operand's format, then a table for the activation fused into it.

    Args:
        reader: The operator; the first operand is the op's.
        op: What is computed before the activation.
        activation: Left out where it cannot change an int8 value.
    """
    output = reader.output.quantization
    limits = activation_limits(activation, output)
    if limits == (INT8_MIN, INT8_MAX):
        reader.emit(op, [reader.key(0)])
        return
    inner = reader.emit_inner(op, [reader.key(0)], op.kind, output)
    reader.emit(clamp_levels(limits), [inner])


OPERATOR = OperatorDefinition(
    name="clip",
    summary="Clip to an interval; fused into the layer before it or a 256-byte table.",
    readers={"Relu": _read_relu, "Clip": _read_clip},
    float_ops=(Clip,),
    quant_ops=(QuantClip,),
    kernels=("lookup_s8", "clip_f32"),
    tflite=("RELU", "RELU6", "RELU_N1_TO_1", "QUANTIZE", "MAXIMUM", "MINIMUM"),
    limits=("The bounds must be constants.",),
    tflite_readers={
        "RELU": _read_tflite_relu,
        "RELU6": _read_relu6,
        "RELU_N1_TO_1": _read_relu_n1_to_1,
    },
)

"""Clip to an interval; ReLU is clip to [0, infinity) (ONNX Clip, Relu; spec 4.12, 4.14).

Fused into the op before it wherever that can clamp its result; what is left becomes a table.
Integers are clipped by the kernels of maximum and minimum.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ir.types import INT8_MAX, INT8_MIN, Activation, AnyArray, ElementType
from cnnc.ops._clip import Clip, QuantClip, clamp_levels
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.maximum import Maximum
from cnnc.ops.minimum import Minimum
from cnnc.quantize.fixed_point import activation_limits

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

__all__ = ["OPERATOR", "Clip", "QuantClip", "clamp_levels", "emit_clamped"]

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def _read_relu(reader: "NodeReader") -> None:
    value = reader.stored(0)
    reader.define(reader.emit(Clip(0.0, math.inf), [value.key]), value.axes)


def _read_clip(reader: "NodeReader") -> None:
    if reader.element_type(0) is not ElementType.FLOAT32:
        _read_integer_clip(reader)
        return
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


def _read_integer_clip(reader: "NodeReader") -> None:
    value = reader.stored(0)
    key = value.key
    for index, name, op in ((1, "min", Maximum()), (2, "max", Minimum())):
        if reader.has_input(index):
            bound = reader.constant(index, name)
            if bound.size != 1:
                raise UnsupportedAttributeError(_no_scalar(bound, name))
            shape = (1,) * len(value.axes)
            operand = reader.add_constant(name, bound.reshape(shape))
            key = reader.emit(op, [key, operand], suffix=name)
    reader.define(key, value.axes)


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
        raise UnsupportedAttributeError(_no_scalar(array, name))
    return float(array.astype(np.float64).item())


def _no_scalar(array: AnyArray, name: str) -> str:
    return f"{name} has shape {list(array.shape)}, not one element"


def _read_tflite_relu(reader: "TfliteNodeReader") -> None:
    reader.emit(Clip(0.0, math.inf), [reader.key(0)])


def _read_relu6(reader: "TfliteNodeReader") -> None:
    reader.emit(Clip(0.0, 6.0), [reader.key(0)])


def _read_relu_n1_to_1(reader: "TfliteNodeReader") -> None:
    reader.emit(Clip(-1.0, 1.0), [reader.key(0)])


def _read_relu_0_to_1(reader: "TfliteNodeReader") -> None:
    reader.emit(Clip(0.0, 1.0), [reader.key(0)])


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
    tflite=("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "QUANTIZE", "MAXIMUM", "MINIMUM"),
    limits=("The bounds must be constants.",),
    tflite_readers={
        "RELU": _read_tflite_relu,
        "RELU6": _read_relu6,
        "RELU_N1_TO_1": _read_relu_n1_to_1,
        "RELU_0_TO_1": _read_relu_0_to_1,
    },
)

"""Fold QuantizeLinear and DequantizeLinear of constants, and remember the scale of each element.

    q = saturate(round(x / scale) + zero_point)     ties to even
    x = scale * (q - zero_point)

A constant that was an 8-bit integer keeps its scale, element by element and through whatever only
moves elements, so that a layer's weights can become the same integers again. What is asymmetric
(zero point not in the middle of the type) loses it: int8 weights here are symmetric.

Source: the ONNX operator pages.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper

from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.spelling import DEQUANTIZE, QUANTIZE
from cnnc.ir.types import F32, AnyArray, Tensor

QUANTIZATION = frozenset({QUANTIZE, DEQUANTIZE})
MOVEMENTS = frozenset({
    "Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Squeeze", "Tile", "Transpose",
    "Unsqueeze",
})  # fmt: skip
"""Operators whose result holds elements of the first operand."""

EIGHT_BITS = {"int8": 0, "uint8": 128}
"""NumPy type -> zero point in the middle; smaller types are stored in these."""
_SMALL = {"int4": 0, "uint4": 8, "int2": 0, "uint2": 2}
_MIDDLES = {**EIGHT_BITS, **_SMALL}
_LIMITS = {
    "int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "uint16": (0, 65535),
    "int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Dequantized:
    """Real numbers that were integers.

    Attributes:
        array: float32.
        scales: Of every element, a view of the array's shape; None where the zero point is not in
            the middle of the integers' type, or the type has more than 8 bits.
        asymmetric: Whether the zero point is the reason.
    """

    array: F32
    scales: F32 | None
    asymmetric: bool


def quantize_constant(node: onnx.NodeProto, operands: list[AnyArray]) -> AnyArray:
    """Return the integers of QuantizeLinear.

    Raises:
        UnsupportedAttributeError: The integer type or the scale is not supported.
    """
    array = np.asarray(operands[0], np.float64)
    zero_point = operands[2] if len(operands) > 2 else np.zeros((), _output_type(node))
    name = zero_point.dtype.name
    if name not in _LIMITS:
        raise UnsupportedAttributeError(f"constants quantized to {name} are not supported")
    scale = _spread(node, checked_scale(operands[1]), array.shape)
    middle = _spread(node, zero_point.astype(np.int64), array.shape)
    low, high = _LIMITS[name]
    # The quotient is float32, as ONNX Runtime's is.
    quotient = (array / scale).astype(np.float32)
    return np.clip(np.rint(quotient) + middle, low, high).astype(zero_point.dtype)


def dequantize_constant(node: onnx.NodeProto, operands: list[AnyArray]) -> Dequantized:
    """Return the reals of DequantizeLinear, and their scales.

    Raises:
        UnsupportedAttributeError: The scale does not fit.
    """
    integers = operands[0]
    shape = integers.shape
    scale = _spread(node, checked_scale(operands[1]), shape)
    zero_point = operands[2].astype(np.int64) if len(operands) > 2 else np.zeros((), np.int64)
    spread = _spread(node, zero_point, shape)
    # int64 first: a difference of 8-bit integers may pass 8 bits.
    real = (integers.astype(np.int64) - spread).astype(np.float32) * scale
    middle = _MIDDLES.get(integers.dtype.name)
    symmetric = middle is not None and bool(np.all(zero_point == middle))
    return Dequantized(
        array=real.astype(np.float32),
        scales=scale if symmetric else None,
        asymmetric=middle is not None and not symmetric,
    )


def checked_scale(scale: AnyArray) -> F32:
    """Return scales as float32.

    Raises:
        UnsupportedAttributeError: One is not positive and finite.
    """
    real = np.asarray(scale, np.float32)
    if real.size == 0 or not np.all(np.isfinite(real) & (real > 0.0)):
        raise UnsupportedAttributeError("a scale is not a positive finite number")
    return real


def _output_type(node: onnx.NodeProto) -> Any:  # noqa: ANN401 (NumPy type)
    kind = next((entry.i for entry in node.attribute if entry.name == "output_dtype"), 0)
    return helper.tensor_dtype_to_np_dtype(kind) if kind else np.dtype(np.uint8)


def _spread(node: onnx.NodeProto, parameter: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a scale or zero point for every element, without copying it.

    Raises:
        UnsupportedAttributeError: It does not fit the tensor.
    """
    attributes = {entry.name: entry.i for entry in node.attribute}
    if parameter.size == 1:
        return np.broadcast_to(parameter.reshape(()), shape)
    axis = attributes.get("axis", 1)
    fits = -len(shape) <= axis < len(shape)
    if fits and parameter.ndim == 1 and parameter.size == shape[axis]:
        extents = [1] * len(shape)
        extents[axis] = parameter.size
        return np.broadcast_to(parameter.reshape(extents), shape)
    block = attributes.get("block_size", 0)
    if fits and block > 0 and parameter.ndim == len(shape):
        repeated = np.repeat(parameter, block, axis=axis)
        extent = min(shape[axis], repeated.shape[axis])
        cut: Tensor = np.take(repeated, range(extent), axis=axis)
        if cut.shape == shape:
            return cut
    raise UnsupportedAttributeError(
        f"scales or zero points of shape {list(parameter.shape)} do not fit a tensor of shape "
        f"{list(shape)} at axis {axis}"
    )

"""Vectors along an axis, divided by their norm (ONNX LpNormalization).

y = x / max(sum |x|, least) for p = 1, y = x / max(sqrt(sum x^2), least) for p = 2; zeros stay
zeros. The length along the last axis has TFLite's rule on int8 (spec 4.17); the others have none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, OutputFormat, QuantOp
from cnnc.ir.types import F32, I64, Activation, AnyArray, Quantization, Shape
from cnnc.ops._axes import normalized_axis
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._sums import sum_in_order
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.quantize.fixed_point_functions import inverse_square_root

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_POWERS = (1, 2)
_LENGTH = 2
_LARGEST_DEPTH = 33025
"""Squares of 255 whose sum fits int32."""
_TFLITE_RANK = 4


@dataclass(frozen=True, eq=False)
class LpNormalization(FloatOp):
    """Divide the vectors along an axis by their norm.

    Attributes:
        axis: Of the operand in memory, from 0.
        power: 1 for the sum of magnitudes, 2 for the length.
        least: Least divisor, a float32 value >= 0.
    """

    axis: int
    power: int
    least: float = 0.0

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape after checking the axis."""
        if not 0 <= self.axis < len(inputs[0]):
            raise ModelError(f"a norm along axis {self.axis} of shape {list(inputs[0])}")
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64."""
        x = inputs[0].astype(np.float64)
        norm = np.linalg.norm(x, self.power, axis=self.axis + 1, keepdims=True)
        norm = np.maximum(norm, self.least)
        result: F32 = (x / np.where(norm > 0, norm, 1.0)).astype(np.float32)
        return result

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Add in the order of the axis."""
        x = np.moveaxis(inputs[0], self.axis + 1, 0)
        total = sum_in_order(np.abs(x) if self.power == 1 else x * x)
        norm = total if self.power == 1 else float_math.sqrt(total)
        norm = np.where(norm < np.float32(self.least), np.float32(self.least), norm)
        norm = np.where(norm > 0, norm, np.float32(1))
        return np.asarray(np.moveaxis(x / norm, 0, self.axis + 1), np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: there is no rule on integers."""
        raise NoIntegerRuleError("norms are computed on real numbers")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel; a vector is read whole before it is written."""
        shape = site.inputs[0]
        call = KernelCall(
            kernel="lp_normalization_f32",
            folder="lp_normalization",
            parameters={
                "outer": math.prod(shape[: self.axis]),
                "reduced": shape[self.axis],
                "inner": math.prod(shape[self.axis + 1 :]),
                "power": self.power,
            },
            reals={"least": self.least},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,), in_place=(0,))


@dataclass(frozen=True, eq=False)
class L2Normalization(LpNormalization):
    """Divide the vectors along the last axis by their length; on int8 in the format (1/128, 0)."""

    output_format = OutputFormat.FIXED
    fixed_format = Quantization(1 / 128, 0)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape after checking the axis."""
        if self.axis != len(inputs[0]) - 1:
            raise ModelError(f"lengths along axis {self.axis} of shape {list(inputs[0])}")
        return super().output_shape(inputs)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return TFLite's rule."""
        source, shape = context.inputs[0], context.input_shapes[0]
        if shape[-1] > _LARGEST_DEPTH:
            raise NoIntegerRuleError(f"sums of more than {_LARGEST_DEPTH} squares could pass int32")
        if self.least > source.scale:
            raise NoIntegerRuleError(f"lengths below {self.least:g} can occur on int8")
        return QuantL2Normalization(source.zero_point)


@dataclass(frozen=True, eq=False)
class QuantL2Normalization(QuantOp):
    """The same on int8: clamp(MBQM(q - z_in, m, shift + 7)), m 2^(shift - 31) = 1 / length.

    Attributes:
        input_zero_point: Of the operand.
    """

    input_zero_point: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Sum squares exactly, divide in fixed point."""
        distance = inputs[0].astype(np.int64) - self.input_zero_point
        total: I64 = np.sum(distance * distance, axis=-1, keepdims=True)
        multiplier, shift = inverse_square_root(total)
        return arithmetic.requantize(distance, multiplier, shift + 7, 0)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel; a row is read whole before it is written."""
        shape = site.inputs[0]
        call = KernelCall(
            kernel="l2_normalization_s8",
            folder="lp_normalization",
            parameters={
                "rows": math.prod(shape[:-1]),
                "depth": shape[-1],
                "input_zero_point": self.input_zero_point,
            },
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,), in_place=(0,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add L2_NORMALIZATION, on a matrix where there are more than four axes."""
        source, output = operands.inputs[0], operands.output
        given, result = operands.input_values[0], operands.output_value
        options = TfliteOptions("L2NormOptions", {})
        if len(given.shape) <= _TFLITE_RANK:
            graph.operator("L2_NORMALIZATION", [source], output, options, version=2)
            return
        matrix = (math.prod(given.shape[:-1]), given.shape[-1])
        before = graph.intermediate(matrix, given.quantization)
        after = graph.intermediate(matrix, result.quantization)
        graph.reshape(source, matrix, before)
        graph.operator("L2_NORMALIZATION", [before], after, options, version=2)
        graph.reshape(after, result.shape, output)


def lp_normalization(axis: int, power: int, rank: int, least: float = 0.0) -> LpNormalization:
    """Return the op for an axis in memory of a tensor of this rank; see ``LpNormalization``."""
    if power == _LENGTH and axis == rank - 1:
        return L2Normalization(axis, power, least)
    return LpNormalization(axis, power, least)


def _read_lp_normalization(reader: "NodeReader") -> None:
    power = reader.int_attribute("p", 2)
    if power not in _POWERS:
        raise UnsupportedAttributeError(f"p {power} is neither 1 nor 2")
    stored = reader.stored(0)
    axis = normalized_axis(reader.int_attribute("axis", -1), len(stored.axes))
    op = lp_normalization(stored.axes.index(axis), power, len(stored.axes))
    reader.define(reader.emit(op, [stored.key]), stored.axes)


def _read_l2_normalization(reader: "TfliteNodeReader") -> None:
    if reader.activation() is not Activation.NONE:
        raise UnsupportedAttributeError("a fused activation is not supported")
    rank = len(reader.value(0).shape)
    reader.emit(L2Normalization(rank - 1, _LENGTH), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="lp_normalization",
    summary="Vectors along an axis divided by their norm.",
    readers={"LpNormalization": _read_lp_normalization},
    float_ops=(LpNormalization, L2Normalization),
    quant_ops=(QuantL2Normalization,),
    kernels=("lp_normalization_f32", "l2_normalization_s8"),
    tflite=("L2_NORMALIZATION", "RESHAPE"),
    limits=(
        "p is 1 or 2.",
        "On int8 for p = 2 along the axis that is last in memory; the others on real numbers.",
    ),
    tflite_readers={"L2_NORMALIZATION": _read_l2_normalization},
)

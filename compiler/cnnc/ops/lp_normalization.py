"""Vectors along an axis, divided by their norm (ONNX LpNormalization).

y = x / max(sum |x|, least) for p = 1, y = x / max(sqrt(sum x^2), least) for p = 2; zeros stay
zeros. No integer rule: norms are computed on real numbers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, Shape
from cnnc.ops._axes import normalized_axis
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._sums import sum_in_order
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_POWERS = (1, 2)


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


def _read_lp_normalization(reader: "NodeReader") -> None:
    power = reader.int_attribute("p", 2)
    if power not in _POWERS:
        raise UnsupportedAttributeError(f"p {power} is neither 1 nor 2")
    stored = reader.stored(0)
    axis = normalized_axis(reader.int_attribute("axis", -1), len(stored.axes))
    op = LpNormalization(stored.axes.index(axis), power)
    reader.define(reader.emit(op, [stored.key]), stored.axes)


OPERATOR = OperatorDefinition(
    name="lp_normalization",
    summary="Vectors along an axis divided by their norm, on real numbers.",
    readers={"LpNormalization": _read_lp_normalization},
    float_ops=(LpNormalization,),
    quant_ops=(),
    kernels=("lp_normalization_f32",),
    tflite=(),
    limits=("p is 1 or 2.",),
)

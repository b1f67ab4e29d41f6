"""Exponential linear unit (ONNX Elu)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import TABLE_OPERATORS
from cnnc.ops._unary import QuantFunction, UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class Elu(UnaryOp):
    """x, below zero alpha (exp(x) - 1).

    Attributes:
        alpha: What it tends to far below zero, negated.
    """

    alpha: float

    operator_name = "elu"

    def parameters(self) -> tuple[float, float]:
        """Return alpha."""
        return self.alpha, 0.0

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return np.where(x < 0, np.float32(self.alpha) * float_math.expm1(x), x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantElu(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantElu(QuantFunction):
    """Exponential linear unit on int8."""


def _read_elu(reader: "NodeReader") -> None:
    read_unary(reader, Elu(reader.float_attribute("alpha", 1.0)))


OPERATOR = OperatorDefinition(
    name="elu",
    summary="x, below zero alpha (exp(x) - 1), as a 256-byte table on int8.",
    readers={"Elu": _read_elu},
    float_ops=(Elu,),
    quant_ops=(QuantElu,),
    kernels=("lookup_s8", "elu_f32"),
    tflite=TABLE_OPERATORS,
)

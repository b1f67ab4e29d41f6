"""Continuously differentiable exponential linear unit (ONNX Celu)."""

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
class Celu(UnaryOp):
    """x, below zero alpha (exp(x / alpha) - 1).

    Attributes:
        alpha: What it tends to far below zero, negated; not 0.
    """

    alpha: float

    operator_name = "celu"

    def parameters(self) -> tuple[float, float]:
        """Return alpha."""
        return self.alpha, 0.0

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        alpha = np.float32(self.alpha)
        return np.where(x < 0, alpha * float_math.expm1(x / alpha), x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantCelu(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantCelu(QuantFunction):
    """Continuously differentiable exponential linear unit on int8."""


def _read_celu(reader: "NodeReader") -> None:
    read_unary(reader, Celu(reader.float_attribute("alpha", 1.0)))


OPERATOR = OperatorDefinition(
    name="celu",
    summary="x, below zero alpha (exp(x / alpha) - 1), as a 256-byte table on int8.",
    readers={"Celu": _read_celu},
    float_ops=(Celu,),
    quant_ops=(QuantCelu,),
    kernels=("lookup_s8", "celu_f32"),
    tflite=TABLE_OPERATORS,
)

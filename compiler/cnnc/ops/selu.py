"""Scaled exponential linear unit (ONNX Selu)."""

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
class Selu(UnaryOp):
    """gamma x, below zero gamma alpha (exp(x) - 1).

    Attributes:
        alpha: Weight of the exponential.
        gamma: Slope above zero.
    """

    alpha: float
    gamma: float

    operator_name = "selu"

    def parameters(self) -> tuple[float, float]:
        """Return alpha and gamma."""
        return self.alpha, self.gamma

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        below = np.float32(self.alpha) * float_math.expm1(x)
        result: F32 = np.float32(self.gamma) * np.where(x < 0, below, x)
        return result

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSelu(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSelu(QuantFunction):
    """Scaled exponential linear unit on int8."""


def _read_selu(reader: "NodeReader") -> None:
    read_unary(
        reader,
        Selu(
            reader.float_attribute("alpha", 1.6732632423543772),
            reader.float_attribute("gamma", 1.0507009873554805),
        ),
    )


OPERATOR = OperatorDefinition(
    name="selu",
    summary="gamma x, below zero gamma alpha (exp(x) - 1), as a 256-byte table on int8.",
    readers={"Selu": _read_selu},
    float_ops=(Selu,),
    quant_ops=(QuantSelu,),
    kernels=("lookup_s8", "selu_f32"),
    tflite=TABLE_OPERATORS,
)

"""Mish (ONNX Mish)."""

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
class Mish(UnaryOp):
    """x tanh(log(1 + exp(x)))."""

    operator_name = "mish"

    def apply(self, x: F32) -> F32:
        """Compute it from exp(-|x|): tanh(log(1 + t)) = (t^2 + 2 t) / (t^2 + 2 t + 2)."""
        one, two = np.float32(1), np.float32(2)
        e = float_math.exp(-float_math.absolute(x))
        below = x * ((e * e + two * e) / (e * e + two * e + two))
        above = x * ((one + two * e) / (one + two * e + two * (e * e)))
        return np.where(x < 0, below, above)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantMish(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantMish(QuantFunction):
    """Mish on int8."""


def _read_mish(reader: "NodeReader") -> None:
    read_unary(reader, Mish())


OPERATOR = OperatorDefinition(
    name="mish",
    summary="x tanh(log(1 + exp(x))), as a 256-byte table on int8.",
    readers={"Mish": _read_mish},
    float_ops=(Mish,),
    quant_ops=(QuantMish,),
    kernels=("lookup_s8", "mish_f32"),
    tflite=TABLE_OPERATORS,
)

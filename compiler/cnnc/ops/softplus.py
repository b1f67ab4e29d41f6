"""Softplus (ONNX Softplus)."""

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
class Softplus(UnaryOp):
    """log(1 + exp(x))."""

    operator_name = "softplus"

    def apply(self, x: F32) -> F32:
        """Compute it from exp(-|x|), which cannot overflow."""
        tail = float_math.log1p(float_math.exp(-float_math.absolute(x)))
        result: F32 = np.where(x > 0, x, np.float32(0)) + tail
        return result

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSoftplus(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSoftplus(QuantFunction):
    """Softplus on int8."""


def _read_softplus(reader: "NodeReader") -> None:
    read_unary(reader, Softplus())


OPERATOR = OperatorDefinition(
    name="softplus",
    summary="log(1 + exp(x)), as a 256-byte table on int8.",
    readers={"Softplus": _read_softplus},
    float_ops=(Softplus,),
    quant_ops=(QuantSoftplus,),
    kernels=("lookup_s8", "softplus_f32"),
    tflite=TABLE_OPERATORS,
)

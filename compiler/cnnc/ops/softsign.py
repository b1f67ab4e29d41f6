"""Softsign (ONNX Softsign)."""

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
class Softsign(UnaryOp):
    """x / (1 + |x|)."""

    operator_name = "softsign"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        result: F32 = x / (np.float32(1) + float_math.absolute(x))
        return result

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSoftsign(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSoftsign(QuantFunction):
    """Softsign on int8."""


def _read_softsign(reader: "NodeReader") -> None:
    read_unary(reader, Softsign())


OPERATOR = OperatorDefinition(
    name="softsign",
    summary="x / (1 + |x|), as a 256-byte table on int8.",
    readers={"Softsign": _read_softsign},
    float_ops=(Softsign,),
    quant_ops=(QuantSoftsign,),
    kernels=("lookup_s8", "softsign_f32"),
    tflite=TABLE_OPERATORS,
)

"""Change of sign (ONNX Neg)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import TABLE_OPERATORS
from cnnc.ops._unary import QuantFunction, UnaryOp, read_unary
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class Neg(UnaryOp):
    """-x."""

    operator_name = "neg"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return np.asarray(-x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantNeg(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantNeg(QuantFunction):
    """Change of sign on int8."""


def _read_neg(reader: "NodeReader") -> None:
    read_unary(reader, Neg())


OPERATOR = OperatorDefinition(
    name="neg",
    summary="-x, as a 256-byte table on int8.",
    readers={"Neg": _read_neg},
    float_ops=(Neg,),
    quant_ops=(QuantNeg,),
    kernels=("lookup_s8", "neg_f32"),
    tflite=TABLE_OPERATORS,
)

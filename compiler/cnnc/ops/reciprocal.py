"""Reciprocal (ONNX Reciprocal)."""

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
class Reciprocal(UnaryOp):
    """1 / x."""

    operator_name = "reciprocal"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return np.asarray(np.float32(1) / x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantReciprocal(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantReciprocal(QuantFunction):
    """Reciprocal on int8."""


def _read_reciprocal(reader: "NodeReader") -> None:
    read_unary(reader, Reciprocal())


OPERATOR = OperatorDefinition(
    name="reciprocal",
    summary="1 / x, as a 256-byte table on int8, whose ends stand for infinity.",
    readers={"Reciprocal": _read_reciprocal},
    float_ops=(Reciprocal,),
    quant_ops=(QuantReciprocal,),
    kernels=("lookup_s8", "reciprocal_f32"),
    tflite=TABLE_OPERATORS,
)

"""Cosine (ONNX Cos)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import TABLE_OPERATORS
from cnnc.ops._unary import QuantFunction, UnaryOp, read_unary
from cnnc.quantize import float_trigonometry
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class Cos(UnaryOp):
    """The cosine."""

    operator_name = "cos"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_trigonometry.cos(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantCos(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantCos(QuantFunction):
    """Cosine on int8."""


def _read_cos(reader: "NodeReader") -> None:
    read_unary(reader, Cos())


OPERATOR = OperatorDefinition(
    name="cos",
    summary="The cosine, as a 256-byte table on int8.",
    readers={"Cos": _read_cos},
    float_ops=(Cos,),
    quant_ops=(QuantCos,),
    kernels=("lookup_s8", "cos_f32"),
    tflite=TABLE_OPERATORS,
)

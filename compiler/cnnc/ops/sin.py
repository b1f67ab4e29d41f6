"""Sine (ONNX Sin)."""

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
class Sin(UnaryOp):
    """The sine."""

    operator_name = "sin"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_trigonometry.sin(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSin(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSin(QuantFunction):
    """Sine on int8."""


def _read_sin(reader: "NodeReader") -> None:
    read_unary(reader, Sin())


OPERATOR = OperatorDefinition(
    name="sin",
    summary="The sine, as a 256-byte table on int8.",
    readers={"Sin": _read_sin},
    float_ops=(Sin,),
    quant_ops=(QuantSin,),
    kernels=("lookup_s8", "sin_f32"),
    tflite=TABLE_OPERATORS,
)

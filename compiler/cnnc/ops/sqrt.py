"""Square root (ONNX Sqrt)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
class Sqrt(UnaryOp):
    """The square root."""

    operator_name = "sqrt"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.sqrt(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSqrt(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSqrt(QuantFunction):
    """Square root on int8."""


def _read_sqrt(reader: "NodeReader") -> None:
    read_unary(reader, Sqrt())


OPERATOR = OperatorDefinition(
    name="sqrt",
    summary="The square root, as a 256-byte table on int8; below zero it is 0 there.",
    readers={"Sqrt": _read_sqrt},
    float_ops=(Sqrt,),
    quant_ops=(QuantSqrt,),
    kernels=("lookup_s8", "sqrt_f32"),
    tflite=TABLE_OPERATORS,
)

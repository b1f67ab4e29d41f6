"""Error function (ONNX Erf)."""

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
class Erf(UnaryOp):
    """The error function."""

    operator_name = "erf"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.erf(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantErf(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantErf(QuantFunction):
    """Error function on int8."""


def _read_erf(reader: "NodeReader") -> None:
    read_unary(reader, Erf())


OPERATOR = OperatorDefinition(
    name="erf",
    summary="The error function, as a 256-byte table on int8.",
    readers={"Erf": _read_erf},
    float_ops=(Erf,),
    quant_ops=(QuantErf,),
    kernels=("lookup_s8", "erf_f32"),
    tflite=TABLE_OPERATORS,
)

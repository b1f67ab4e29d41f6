"""Natural logarithm (ONNX Log)."""

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
class Log(UnaryOp):
    """The natural logarithm."""

    operator_name = "log"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.log(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantLog(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantLog(QuantFunction):
    """Natural logarithm on int8."""


def _read_log(reader: "NodeReader") -> None:
    read_unary(reader, Log())


OPERATOR = OperatorDefinition(
    name="log",
    summary="The natural logarithm, as a 256-byte table on int8.",
    readers={"Log": _read_log},
    float_ops=(Log,),
    quant_ops=(QuantLog,),
    kernels=("lookup_s8", "log_f32"),
    tflite=TABLE_OPERATORS,
    limits=("On int8 the logarithm of 0 is the lowest value of the format, below 0 it is 0.",),
)

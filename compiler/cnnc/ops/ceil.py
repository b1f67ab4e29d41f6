"""Round up (ONNX Ceil)."""

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
class Ceil(UnaryOp):
    """The least integer that is not below x."""

    operator_name = "ceil"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        is_small = float_math.absolute(x) < np.float32(8388608)
        whole = np.where(is_small, x, np.float32(0)).astype(np.int32).astype(np.float32)
        upper = np.where(whole < x, whole + np.float32(1), whole)
        return np.where(is_small, float_math.copy_sign(upper, x), x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantCeil(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantCeil(QuantFunction):
    """Round up on int8."""


def _read_ceil(reader: "NodeReader") -> None:
    read_unary(reader, Ceil())


OPERATOR = OperatorDefinition(
    name="ceil",
    summary="The least integer that is not below x, as a 256-byte table on int8.",
    readers={"Ceil": _read_ceil},
    float_ops=(Ceil,),
    quant_ops=(QuantCeil,),
    kernels=("lookup_s8", "ceil_f32"),
    tflite=TABLE_OPERATORS,
)

"""Round down (ONNX Floor)."""

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
class Floor(UnaryOp):
    """The greatest integer that is not above x."""

    operator_name = "floor"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        is_small = float_math.absolute(x) < np.float32(8388608)
        whole = np.where(is_small, x, np.float32(0)).astype(np.int32).astype(np.float32)
        lower = np.where(whole > x, whole - np.float32(1), whole)
        return np.where(is_small, float_math.copy_sign(lower, x), x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantFloor(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantFloor(QuantFunction):
    """Round down on int8."""


def _read_floor(reader: "NodeReader") -> None:
    read_unary(reader, Floor())


OPERATOR = OperatorDefinition(
    name="floor",
    summary="The greatest integer that is not above x, as a 256-byte table on int8.",
    readers={"Floor": _read_floor},
    float_ops=(Floor,),
    quant_ops=(QuantFloor,),
    kernels=("lookup_s8", "floor_f32"),
    tflite=TABLE_OPERATORS,
)

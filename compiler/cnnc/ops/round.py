"""Round to the nearest (ONNX Round)."""

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
class Round(UnaryOp):
    """The nearest integer, ties to even."""

    operator_name = "round"

    def apply(self, x: F32) -> F32:
        """Compute it by a sum whose last bit is 1."""
        size, step = float_math.absolute(x), np.float32(8388608)
        nearest = float_math.copy_sign((size + step) - step, x)
        return np.where(size < step, nearest, x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantRound(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantRound(QuantFunction):
    """Round to the nearest on int8."""


def _read_round(reader: "NodeReader") -> None:
    read_unary(reader, Round())


OPERATOR = OperatorDefinition(
    name="round",
    summary="The nearest integer, ties to even, as a 256-byte table on int8.",
    readers={"Round": _read_round},
    float_ops=(Round,),
    quant_ops=(QuantRound,),
    kernels=("lookup_s8", "round_f32"),
    tflite=TABLE_OPERATORS,
)

"""Sign (ONNX Sign)."""

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
class Sign(UnaryOp):
    """1 above zero, -1 below, else x itself."""

    operator_name = "sign"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return np.where(x > 0, np.float32(1), np.where(x < 0, np.float32(-1), x))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSign(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSign(QuantFunction):
    """Sign on int8."""


def _read_sign(reader: "NodeReader") -> None:
    read_unary(reader, Sign())


OPERATOR = OperatorDefinition(
    name="sign",
    summary="1 above zero, -1 below, 0 at zero, as a 256-byte table on int8.",
    readers={"Sign": _read_sign},
    float_ops=(Sign,),
    quant_ops=(QuantSign,),
    kernels=("lookup_s8", "sign_f32"),
    tflite=TABLE_OPERATORS,
)

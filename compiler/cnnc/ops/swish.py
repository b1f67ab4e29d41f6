"""Swish; with alpha 1 it is SiLU (ONNX Swish)."""

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
class Swish(UnaryOp):
    """x / (1 + exp(-alpha x)).

    Attributes:
        alpha: Steepness.
    """

    alpha: float

    operator_name = "swish"

    def parameters(self) -> tuple[float, float]:
        """Return alpha."""
        return self.alpha, 0.0

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        result: F32 = x * float_math.sigmoid(np.float32(self.alpha) * x)
        return result

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSwish(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSwish(QuantFunction):
    """Swish; with alpha 1 it is SiLU on int8."""


def _read_swish(reader: "NodeReader") -> None:
    read_unary(reader, Swish(reader.float_attribute("alpha", 1.0)))


OPERATOR = OperatorDefinition(
    name="swish",
    summary="x / (1 + exp(-alpha x)), as a 256-byte table on int8.",
    readers={"Swish": _read_swish},
    float_ops=(Swish,),
    quant_ops=(QuantSwish,),
    kernels=("lookup_s8", "swish_f32"),
    tflite=TABLE_OPERATORS,
)

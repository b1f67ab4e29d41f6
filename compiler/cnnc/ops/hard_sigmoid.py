"""Hard sigmoid (ONNX HardSigmoid)."""

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
class HardSigmoid(UnaryOp):
    """alpha x + beta, within 0 .. 1.

    Attributes:
        alpha: Slope.
        beta: Value at 0.
    """

    alpha: float
    beta: float

    operator_name = "hard_sigmoid"

    def parameters(self) -> tuple[float, float]:
        """Return alpha and beta."""
        return self.alpha, self.beta

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.clamp(np.float32(self.alpha) * x + np.float32(self.beta), 0.0, 1.0)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantHardSigmoid(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantHardSigmoid(QuantFunction):
    """Hard sigmoid on int8."""


def _read_hard_sigmoid(reader: "NodeReader") -> None:
    read_unary(
        reader,
        HardSigmoid(reader.float_attribute("alpha", 0.2), reader.float_attribute("beta", 0.5)),
    )


OPERATOR = OperatorDefinition(
    name="hard_sigmoid",
    summary="alpha x + beta, within 0 .. 1, as a 256-byte table on int8.",
    readers={"HardSigmoid": _read_hard_sigmoid},
    float_ops=(HardSigmoid,),
    quant_ops=(QuantHardSigmoid,),
    kernels=("lookup_s8", "hard_sigmoid_f32"),
    tflite=TABLE_OPERATORS,
)

"""Thresholded rectifier (ONNX ThresholdedRelu)."""

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
class ThresholdedRelu(UnaryOp):
    """x where it is above alpha, else 0.

    Attributes:
        alpha: The threshold.
    """

    alpha: float

    operator_name = "thresholded_relu"

    def parameters(self) -> tuple[float, float]:
        """Return alpha."""
        return self.alpha, 0.0

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return np.where(x > np.float32(self.alpha), x, np.float32(0))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantThresholdedRelu(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantThresholdedRelu(QuantFunction):
    """Thresholded rectifier on int8."""


def _read_thresholded_relu(reader: "NodeReader") -> None:
    read_unary(reader, ThresholdedRelu(reader.float_attribute("alpha", 1.0)))


OPERATOR = OperatorDefinition(
    name="thresholded_relu",
    summary="x where it is above alpha, else 0, as a 256-byte table on int8.",
    readers={"ThresholdedRelu": _read_thresholded_relu},
    float_ops=(ThresholdedRelu,),
    quant_ops=(QuantThresholdedRelu,),
    kernels=("lookup_s8", "thresholded_relu_f32"),
    tflite=TABLE_OPERATORS,
)

"""LogSoftmax: y_i = x_i - max x - log(sum_j exp(x_j - max x)), on real numbers.

TFLite's rule on int8 goes by a logarithm in fixed point, which is not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.errors import ModelError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._last_axis import read_along_axis
from cnnc.ops._real_rows import lower_rows, maximum_in_order
from cnnc.ops._sums import sum_in_order
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class LogSoftmax(FloatOp):
    """Logarithm of the softmax over the last axis.

    Attributes:
        axis: The operand's last axis, counted from 0.
    """

    axis: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape after checking the axis."""
        if self.axis != len(inputs[0]) - 1:
            raise ModelError(f"log_softmax over axis {self.axis} of {list(inputs[0])}")
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64."""
        x = inputs[0].astype(np.float64)
        distance = x - x.max(axis=-1, keepdims=True)
        result = distance - np.log(np.exp(distance).sum(axis=-1, keepdims=True))
        return np.asarray(result, np.float32)

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32, sums from the first element to the last."""
        distance = inputs[0] - maximum_in_order(inputs[0])
        total = sum_in_order(np.moveaxis(float_math.exp(distance), -1, 0))
        return np.asarray(distance - float_math.log(total)[..., np.newaxis], np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse."""
        raise NoIntegerRuleError("logarithms of sums are computed on real numbers")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel; an element is read before it is overwritten."""
        return lower_rows("log_softmax", site)


def _read_log_softmax(reader: "NodeReader") -> None:
    read_along_axis(reader, LogSoftmax)


OPERATOR = OperatorDefinition(
    name="log_softmax",
    summary="Logarithm of the softmax over one axis, on real numbers.",
    readers={"LogSoftmax": _read_log_softmax},
    float_ops=(LogSoftmax,),
    quant_ops=(),
    kernels=("log_softmax_f32",),
    tflite=(),
    limits=("LOG_SOFTMAX of .tflite files is not read: there is no logarithm in fixed point.",),
)

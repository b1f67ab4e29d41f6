"""1 over the standard deviation, the third result of LayerNormalization."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, Shape
from cnnc.ops.normalization.float_op import check_axes, mean_in_order
from cnnc.ops.normalization.geometry import kernel_fields, normalized_groups
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class InverseDeviation(FloatOp):
    """1 / sqrt(variance + epsilon); the axes stay with size 1.

    Attributes:
        axes: Axes in memory that the variance is taken over, ascending, from 0.
        epsilon: A float32 value, >= 0.
    """

    axes: tuple[int, ...]
    epsilon: float

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape with size 1 along the axes."""
        check_axes(inputs[0], self.axes, ())
        return tuple(1 if axis in self.axes else n for axis, n in enumerate(inputs[0]))

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64."""
        axes = tuple(axis + 1 for axis in self.axes)
        variance = np.var(inputs[0], axis=axes, keepdims=True, dtype=np.float64)
        return np.asarray(1.0 / np.sqrt(variance + self.epsilon), dtype=np.float32)

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Add in blocks, then the blocks; everything in float32."""
        rest = inputs[0] - mean_in_order(inputs[0], self.axes)
        squares = np.asarray(rest * rest, np.float32)
        variance = mean_in_order(squares, self.axes) + np.float32(self.epsilon)
        return np.asarray(np.float32(1) / np.sqrt(variance), np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: there is no rule on integers."""
        raise NoIntegerRuleError("mean and variance of the data are computed on real numbers")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        shape = site.inputs[0]
        groups = normalized_groups(shape, self.axes, (1,) * len(shape))
        call = KernelCall(
            kernel="inverse_deviation_f32",
            folder="normalization",
            parameters={**kernel_fields(groups), "is_centered": 1},
            reals={"variance_epsilon": self.epsilon, "deviation_epsilon": 0.0},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

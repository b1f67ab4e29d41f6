"""Mean over some axes, float, and how it is quantized."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import F32, Shape
from cnnc.ops._sums import sum_in_order
from cnnc.ops.mean.geometry import (
    MAXIMUM_GROUPS,
    axis_groups,
    contiguous_geometry,
    reduced_elements,
    reduced_shape,
    strided_geometry,
)
from cnnc.ops.mean.quant_op import QuantMean
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import quantize_multiplier

MAXIMUM_REDUCED = 2**23
"""Elements of one mean whose sum stays within int32."""


@dataclass(frozen=True, eq=False)
class Mean(FloatOp):
    """Mean over some axes.

    Attributes:
        axes: Axes in memory, ascending, from 0.
        keep_dims: Whether they stay with size 1.
    """

    axes: tuple[int, ...]
    keep_dims: bool

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the reduced shape after checking axes and number of elements."""
        shape = inputs[0]
        if not self.axes or any(not 0 <= axis < len(shape) for axis in self.axes):
            raise ModelError(f"a mean over axes {list(self.axes)} of shape {list(shape)}")
        if reduced_elements(shape, self.axes) > MAXIMUM_REDUCED:
            raise UnsupportedAttributeError(
                f"a mean over more than {MAXIMUM_REDUCED} elements may overflow its int32 sum"
            )
        groups = axis_groups(shape, self.axes)
        most = max(sum(g.reduced for g in groups), sum(not g.reduced for g in groups))
        if most > MAXIMUM_GROUPS:
            raise UnsupportedAttributeError(
                f"kept and reduced axes of {list(shape)} alternate more than {MAXIMUM_GROUPS} times"
            )
        return reduced_shape(shape, self.axes, keep_dims=self.keep_dims)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Average in float64."""
        axes = tuple(axis + 1 for axis in self.axes)
        average = np.mean(inputs[0], axis=axes, keepdims=self.keep_dims, dtype=np.float64)
        return np.asarray(average, dtype=np.float32)

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Divide sums in float32, added in the order of memory."""
        shape = inputs[0].shape
        axes = tuple(axis + 1 for axis in self.axes)
        kept = [axis for axis in range(len(shape)) if axis not in axes]
        rows = inputs[0].transpose(*axes, *kept)
        rows = rows.reshape(reduced_elements(shape[1:], self.axes), -1)
        average = sum_in_order(rows) / np.float32(len(rows))
        result = reduced_shape(shape, axes, keep_dims=self.keep_dims)
        return average.reshape(result)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for one run of reduced axes, else the one for any axes."""
        groups = axis_groups(site.inputs[0], self.axes)
        contiguous = contiguous_geometry(groups)
        call = KernelCall(
            kernel="mean_strided_f32" if contiguous is None else "mean_f32",
            folder="mean",
            parameters=contiguous or strided_geometry(groups),
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op with the division by n folded into the multiplier."""
        count = reduced_elements(context.input_shapes[0], self.axes)
        multiplier, shift = quantize_multiplier(context.inputs[0].scale / context.output.scale)
        halvings = min(count.bit_length() - 1, 32, 31 + shift)
        return QuantMean(
            axes=self.axes,
            keep_dims=self.keep_dims,
            input_zero_point=context.inputs[0].zero_point,
            output_zero_point=context.output.zero_point,
            multiplier=(multiplier << halvings) // count,
            shift=shift - halvings,
        )

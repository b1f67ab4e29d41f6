"""Mean over some axes on int8 (spec 4.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import TfliteOptions
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import QuantOp
from cnnc.ir.types import AnyArray, Shape
from cnnc.ops._channel_bounds import requantized_bounds
from cnnc.ops.mean.geometry import (
    axis_groups,
    contiguous_geometry,
    reduced_elements,
    reduced_shape,
    strided_geometry,
)
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantMean(QuantOp):
    """Mean over some axes on int8.

    Attributes:
        axes: As in ``Mean``, likewise ``keep_dims``.
        keep_dims: Whether the axes stay with size 1.
        input_zero_point: Of the operand.
        output_zero_point: Of the result.
        multiplier: Mantissa of input scale / output scale / n.
        shift: Its exponent, -31..30.
    """

    axes: tuple[int, ...]
    keep_dims: bool
    input_zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the reduced shape."""
        return reduced_shape(inputs[0], self.axes, keep_dims=self.keep_dims)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute spec 4.8 from exact sums."""
        q = inputs[0].astype(np.int32)
        axes = tuple(axis + 1 for axis in self.axes)
        offset = self.input_zero_point * reduced_elements(q.shape[1:], self.axes)
        total = q.sum(axis=axes, keepdims=self.keep_dims, dtype=np.int64) - offset
        return arithmetic.requantize(total, self.multiplier, self.shift, self.output_zero_point)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the means of the operand's extremes, where the mean is not over channels."""
        if self._joins_channels(site):
            return super().channel_bounds(site)
        count = reduced_elements(site.input_shapes[0], self.axes)
        sums = ChannelBounds(
            count * (site.bounds[0].low - self.input_zero_point),
            count * (site.bounds[0].high - self.input_zero_point),
        )
        scaling = (self.multiplier, self.shift)
        return requantized_bounds(site.arithmetic, sums, scaling, self.output_zero_point)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result, or all in a mean over channels."""
        return choice.everything() if self._joins_channels(site) else choice.in_step()

    def _joins_channels(self, site: ChannelSite) -> bool:
        return len(site.input_shapes[0]) - 1 in self.axes

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel for one run of reduced axes, else the one for any axes."""
        groups = axis_groups(site.inputs[0], self.axes)
        rescaling = {
            "input_zero_point": self.input_zero_point,
            "output_zero_point": self.output_zero_point,
            "multiplier": self.multiplier,
            "shift": self.shift,
        }
        contiguous = contiguous_geometry(groups)
        call = KernelCall(
            kernel="mean_strided_s8" if contiguous is None else "mean_s8",
            folder="mean",
            parameters={**(contiguous or strided_geometry(groups)), **rescaling},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add MEAN."""
        axes = graph.constant(np.array(self.axes, dtype=np.int32))
        graph.operator(
            "MEAN",
            [operands.inputs[0], axes],
            operands.output,
            TfliteOptions("ReducerOptions", {"KeepDims": self.keep_dims}),
        )

"""Average pooling on int8 (spec 4.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.parts import Part, windowed_parts
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import QuantOp
from cnnc.ir.types import I8, AnyArray, Shape, Window, Window3
from cnnc.ops._pool_tflite import (
    TflitePadding,
    pool_options,
    refuse_dilations,
    tflite_padding,
    tflite_pads,
)
from cnnc.ops._pool_window import (
    image_counts,
    pool_parameters,
    pooled_shape,
    sum_windows,
    volume_parameters,
)
from cnnc.ops.average_pool.counting import Counting
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantAveragePool(QuantOp):
    """Average over a window of rows and columns on int8; input and output share their format.

    Attributes:
        window: As in ``AveragePool``, likewise the next two.
        count_include_pad: Whether padding counts as ``zero_point``.
        uncounted: How much of the end padding along each axis counts in no case; empty for none.
        zero_point: int8 value of real 0.
    """

    window: Window
    count_include_pad: bool
    uncounted: tuple[int, ...]
    zero_point: int

    judged_in_single_rounding = True

    @property
    def counting(self) -> Counting:
        """Which taps count."""
        return Counting(self.window, self.count_include_pad, self.uncounted)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape."""
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute spec 4.6; no step depends on the rounding."""
        return _average(inputs[0], self.counting, self.zero_point)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's, with the zero point where padding counts.

        A rounded average of integers does not leave the interval that holds them.
        """
        return _bounds(site, self.counting, self.zero_point)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result."""
        return choice.in_step()

    def split(self, site: LoweringSite, count: int) -> tuple[Part, ...]:
        """Divide the output's rows, where padding does not count."""
        if self.count_include_pad or self.uncounted:
            return ()
        return windowed_parts(self, site, count)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the plain kernel."""
        rows, cols = self.counting.kernel_extents(site.inputs[0])
        call = KernelCall(
            kernel="average_pool_s8",
            folder="average_pool",
            parameters={
                **pool_parameters(self.window, site.inputs[0], site.output),
                "counted_rows": rows,
                "counted_cols": cols,
                "zero_point": self.zero_point,
            },
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add AVERAGE_POOL_2D, after PAD(zero point) where padding counts."""
        window = self.window
        refuse_dilations(window, "AVERAGE_POOL_2D")
        value = operands.input_values[0]
        source = operands.inputs[0]
        padding = tflite_padding(window, value.shape[1], value.shape[2])
        if self.count_include_pad and padding is not TflitePadding.VALID:
            if self.uncounted:
                raise NotExpressibleError("AVERAGE_POOL_2D has no ceil_mode")
            pads, shape = tflite_pads(window, value.shape)
            padded = graph.intermediate(shape, value.quantization)
            options = TfliteOptions("PadOptions", {})
            graph.operator("PAD", [source, graph.constant(pads)], padded, options)
            source, padding = padded, TflitePadding.VALID
        if padding is None:
            raise NotExpressibleError("AVERAGE_POOL_2D excludes no padding but that of SAME")
        options = pool_options(window, padding)
        graph.operator("AVERAGE_POOL_2D", [source], operands.output, options)


@dataclass(frozen=True, eq=False)
class QuantAveragePool3(QuantOp):
    """Average over a window of planes, rows and columns on int8, format kept.

    Attributes:
        window: As in ``QuantAveragePool``, likewise the next three.
        count_include_pad: Whether padding counts as ``zero_point``.
        uncounted: How much of the end padding along each axis counts in no case; empty for none.
        zero_point: int8 value of real 0.
    """

    window: Window3
    count_include_pad: bool
    uncounted: tuple[int, ...]
    zero_point: int

    @property
    def counting(self) -> Counting:
        """Which taps count."""
        return Counting(self.window, self.count_include_pad, self.uncounted)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape."""
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute spec 4.6 over three axes."""
        return _average(inputs[0], self.counting, self.zero_point)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's, with the zero point where padding counts."""
        return _bounds(site, self.counting, self.zero_point)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result."""
        return choice.in_step()

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel for volumes."""
        shape = site.inputs[0]
        counted = self.counting.kernel_extents(shape)
        call = KernelCall(
            kernel="average_pool_volume_s8",
            folder="average_pool",
            parameters=volume_parameters(self.window, shape, site.output, counted, self.zero_point),
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Refuse: there is no such operator on int8."""
        raise NotExpressibleError("TFLite pools over three axes in float only")


def _average(image: AnyArray, counting: Counting, zero_point: int) -> I8:
    shape = image.shape[1:]
    counts = counting.taps(shape)
    padded_taps = counts - image_counts(counting.window, shape)
    sums = sum_windows(image.astype(np.int32), counting.window, 0)
    totals = sums + (padded_taps * zero_point)[..., np.newaxis]
    n = counts[..., np.newaxis]
    # A sum of 0 counts as negative, and floor division of magnitudes truncates toward zero.
    magnitude = (np.abs(totals) + n // 2) // n
    average: I8 = np.where(totals > 0, magnitude, -magnitude).astype(np.int8)
    return average


def _bounds(site: ChannelSite, counting: Counting, zero_point: int) -> ChannelBounds:
    operand = site.bounds[0]
    if not counting.counts_padding(site.input_shapes[0]):
        return operand
    padding = np.full_like(operand.low, zero_point)
    return ChannelBounds.hull([operand, ChannelBounds(padding, padding)])

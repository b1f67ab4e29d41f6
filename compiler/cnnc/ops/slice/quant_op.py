"""Slice on int8: bytes are copied, the format stays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import QuantOp
from cnnc.ir.types import AnyArray, Shape
from cnnc.ops._move import lower_view
from cnnc.ops.slice.axis import SlicedAxis, merge_sliced_axes, sliced_axes, view_of
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

_TFLITE_AXES = 5
"""Axes of TFLite's kernels."""


@dataclass(frozen=True, eq=False)
class QuantSlice(QuantOp):
    """Slice on int8; input and output share their format.

    Attributes:
        starts: As in ``Slice``, likewise ``steps`` and ``shape``.
        steps: Distance between two elements.
        shape: Extents of the result.
    """

    starts: tuple[int, ...]
    steps: tuple[int, ...]
    shape: Shape

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the extents of the result."""
        self._axes(inputs[0])
        return self.shape

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Slice every sample."""
        axes = self._axes(inputs[0].shape[1:])
        return inputs[0][(slice(None), *(axis.as_slice() for axis in axes))]

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return those of the channels that are taken."""
        taken = self._channels(site.input_shapes[0]).as_slice()
        return ChannelBounds(site.bounds[0].low[taken], site.bounds[0].high[taken])

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep a channel on both sides or on none; all where they are not taken in a run."""
        channels = self._channels(site.input_shapes[0])
        if not channels.is_run:
            return choice.everything()
        taken = channels.as_slice()
        source = choice.inputs[0].copy()
        source[taken] |= choice.output
        return ChannelChoice((source,), source[taken].copy())

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> QuantOp:
        """Return the slice of the channels that are left."""
        if not self.shape:
            return self
        before = choice.inputs[0][: self.starts[-1]]
        return replace(
            self,
            starts=(*self.starts[:-1], int(before.sum())),
            shape=(*self.shape[:-1], int(choice.output.sum())),
        )

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel; where every element is taken in order, the result is the operand."""
        return lower_view(view_of(site.inputs[0], self._axes(site.inputs[0])), site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add SLICE or STRIDED_SLICE, between two RESHAPE to and from merged axes beyond rank 5."""
        value = operands.input_values[0]
        axes = self._axes(value.shape)
        if len(axes) <= _TFLITE_AXES:
            _add_slice(graph, axes, operands.inputs[0], operands.output)
            return
        merged = merge_sliced_axes(axes)
        if len(merged) > _TFLITE_AXES:
            raise NotExpressibleError(f"TFLite slices at most {_TFLITE_AXES} axes")
        source = graph.reshaped(value, tuple(axis.extent for axis in merged))
        sliced = graph.reshaped(value, tuple(axis.size for axis in merged))
        graph.reshape(operands.inputs[0], tuple(axis.extent for axis in merged), source)
        _add_slice(graph, merged, source, sliced)
        graph.reshape(sliced, self.shape, operands.output)

    def _axes(self, source: Shape) -> tuple[SlicedAxis, ...]:
        return sliced_axes(source, self.starts, self.steps, self.shape)

    def _channels(self, source: Shape) -> SlicedAxis:
        axes = self._axes(source)
        return axes[-1] if axes else SlicedAxis(1, 0, 1, 1)


def _add_slice(graph: "TfliteGraph", axes: Sequence[SlicedAxis], source: int, output: int) -> None:
    def numbers(values: Sequence[int]) -> int:
        return graph.constant(np.array(values, dtype=np.int32))

    starts = numbers([axis.start for axis in axes])
    if all(axis.is_run for axis in axes):
        sizes = numbers([axis.size for axis in axes])
        options = TfliteOptions("SliceOptions", {})
        graph.operator("SLICE", [source, starts, sizes], output, options, version=2)
        return
    ends = [axis.last + (1 if axis.step > 0 else -1) for axis in axes]
    # An end of -1 would count from the back: the mask takes all down to element 0.
    mask = sum(1 << number for number, end in enumerate(ends) if end < 0)
    steps = numbers([axis.step for axis in axes])
    options = TfliteOptions("StridedSliceOptions", {"EndMask": mask})
    inputs = [source, starts, numbers(ends), steps]
    graph.operator("STRIDED_SLICE", inputs, output, options, version=2)

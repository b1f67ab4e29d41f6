"""Resize by taking the nearest element."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.tflite import NotExpressibleError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import I32, AnyArray, Shape, Tensor
from cnnc.ops.resize.export import export_resize
from cnnc.ops.resize.geometry import kept_indices, resized_shape, span_of, split_tables
from cnnc.ops.resize.tflite_form import ALL_FLAGS, matching_flags, tflite_indices
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class ResizeNearest(FloatOp):
    """Element i of a resized axis is element ``indices[i]`` of the operand's.

    Attributes:
        axes: Resized axes in memory, ascending.
        sizes: Their sizes in the result.
        indices: int32, those of the first axis, then those of the next.
    """

    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    indices: I32

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the resized shape."""
        return resized_shape(inputs[0], self.axes, self.sizes)

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Take the elements."""
        return _taken(inputs[0], self)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantResizeNearest(self.axes, self.sizes, self.indices)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        return _lowering(self, site)


@dataclass(frozen=True, eq=False)
class QuantResizeNearest(QuantOp):
    """The same on int8; the attributes are those of ``ResizeNearest``."""

    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    indices: I32

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the resized shape."""
        return resized_shape(inputs[0], self.axes, self.sizes)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Take the elements."""
        return _taken(inputs[0], self)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's, where channels are not resized."""
        return site.bounds[0] if self._keeps_channels(site) else super().channel_bounds(site)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result, or all where channels are resized."""
        return choice.in_step() if self._keeps_channels(site) else choice.everything()

    def _keeps_channels(self, site: ChannelSite) -> bool:
        return self.axes[-1] != len(site.input_shapes[0]) - 1

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        return _lowering(self, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add RESIZE_NEAREST_NEIGHBOR where it takes the same elements."""
        span = span_of(operands.input_values[0].shape, self.axes, self.sizes)
        found = span.tables(split_tables(self.indices, self.sizes), kept_indices(span))
        candidates = [
            [
                tflite_indices(extent, size, flags)
                for extent, size in zip(span.extents, span.sizes, strict=True)
            ]
            for flags in ALL_FLAGS
        ]
        flags = matching_flags(candidates, found)
        if flags is None:
            raise NotExpressibleError("RESIZE_NEAREST_NEIGHBOR takes other elements")
        export_resize(graph, operands, "RESIZE_NEAREST_NEIGHBOR", span, flags)


def _taken(operand: Tensor, op: ResizeNearest | QuantResizeNearest) -> Tensor:
    for axis, indices in zip(op.axes, split_tables(op.indices, op.sizes), strict=True):
        operand = np.take(operand, indices, axis=axis + 1)
    return operand


def _lowering(op: ResizeNearest | QuantResizeNearest, site: LoweringSite) -> Lowering:
    span = span_of(site.inputs[0], op.axes, op.sizes)
    parameters = span.parameters()
    parameters["inner_bytes"] = parameters.pop("inner") * site.output_type.bytes
    tables = span.tables(split_tables(op.indices, op.sizes), kept_indices(span))
    constants = [
        ConstantArgument(f"indices_{k}", table.astype(np.int16), alignment=2)
        for k, table in enumerate(tables)
    ]
    arguments: tuple[Argument, ...] = (InputArgument(0), *constants, OutputArgument())
    return Lowering(calls=(KernelCall("resize_nearest_bytes", "resize", parameters, arguments),))

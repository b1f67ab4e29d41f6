"""Gather on int8: bytes are copied, the format stays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import QuantOp
from cnnc.ir.types import AnyArray, Shape, Tensor, elements
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantGather(QuantOp):
    """Gather with constant indices on int8; input and output share their format.

    Attributes:
        axis: As in ``Gather``, likewise ``indices``.
        indices: 0..extent-1.
    """

    axis: int
    indices: tuple[int, ...]

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape with another extent."""
        return gathered_shape(inputs[0], self.axis, len(self.indices))

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Gather from every sample."""
        return np.take(inputs[0], self.indices, axis=self.axis + 1)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return those of the channels that are taken."""
        operand = site.bounds[0]
        if not self._moves_channels(site):
            return operand
        taken = list(self.indices)
        return ChannelBounds(operand.low[taken], operand.high[taken])

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep every place of a channel on both sides."""
        if not self._moves_channels(site):
            return choice.in_step()
        source = choice.inputs[0].copy()
        for index, kept in zip(self.indices, choice.output, strict=True):
            source[index] |= kept
        return ChannelChoice((source,), source[list(self.indices)])

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> QuantOp:
        """Return the gathering of the channels that are left."""
        if not self._moves_channels(site):
            return self
        source = choice.inputs[0]
        kept = [index for index in self.indices if source[index]]
        return replace(self, indices=tuple(int(source[:index].sum()) for index in kept))

    def _moves_channels(self, site: ChannelSite) -> bool:
        return self.axis == len(site.output_shape) - 1

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel with a table of indices."""
        return lower_constant(self.axis, self.indices, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add GATHER."""
        add_gather(graph, self.axis, self.indices, operands.inputs[0], operands.output)


@dataclass(frozen=True, eq=False)
class QuantGatherAt(QuantOp):
    """Gather of int8 entries at int32 indices that are computed.

    Attributes:
        axis: As in ``GatherAt``.
    """

    axis: int

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of operand 0 with as many entries as there are indices."""
        return gathered_shape(inputs[0], self.axis, inputs[1][0])

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Gather from every sample."""
        return entries(inputs[0], inputs[1], self.axis)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel with the computed indices."""
        return lower_computed(self.axis, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Refuse: TFLite fails at an index that counts from the end or is outside."""
        raise NotExpressibleError("TFLite takes no computed indices below 0 or outside of the axis")


def gathered_shape(shape: Shape, axis: int, count: int) -> Shape:
    """Return the shape with another extent along the axis."""
    return (*shape[:axis], count, *shape[axis + 1 :])


def entries(operand: Tensor, indices: Tensor, axis: int) -> Tensor:
    """Return the entries that each sample's indices name.

    Args:
        operand: (S, *shape).
        indices: int32 (S, count).
        axis: Of one sample.
    """
    extent = operand.shape[axis + 1]
    counted = np.where(indices < 0, indices + extent, indices)
    inside = np.clip(counted, 0, extent - 1)
    taken = [np.take(sample, row, axis=axis) for sample, row in zip(operand, inside, strict=True)]
    return np.stack(taken)


def lower_constant(axis: int, indices: tuple[int, ...], site: LoweringSite) -> Lowering:
    """Return the call with a table of indices."""
    return _lowering(axis, ConstantArgument("indices", np.array(indices, np.int32)), site)


def lower_computed(axis: int, site: LoweringSite) -> Lowering:
    """Return the call with the indices of operand 1."""
    return _lowering(axis, InputArgument(1), site)


def add_gather(
    graph: "TfliteGraph", axis: int, indices: Sequence[int], source: int, output: int
) -> None:
    """Add GATHER with constant indices from one tensor to another."""
    table = graph.constant(np.array(indices, dtype=np.int32))
    options = TfliteOptions("GatherOptions", {"Axis": axis})
    graph.operator("GATHER", [source, table], output, options, version=2)


def _lowering(axis: int, indices: Argument, site: LoweringSite) -> Lowering:
    shape = site.inputs[0]
    parameters = {
        "outer_count": elements(shape[:axis]),
        "extent": shape[axis],
        "index_count": site.output[axis],
        "block_bytes": elements(shape[axis + 1 :]) * site.output_type.bytes,
    }
    arguments = (InputArgument(0), indices, OutputArgument())
    return Lowering(calls=(KernelCall("gather_bytes", "gather", parameters, arguments),))

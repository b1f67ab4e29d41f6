"""Transpose: move elements to another axis order (ONNX Transpose).

Reading ONNX's Transpose moves nothing: the result is the operand under other axis names, and the
importer inserts a ``Transpose`` only where somebody needs another order in memory.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyArray, ElementType, Shape
from cnnc.ops._axes import normalized_axis
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._move import MAXIMUM_AXES, MOVE_KERNEL, lower_view, whole
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Transpose(FloatOp):
    """Axis k of the result is axis ``permutation[k]`` of the operand.

    Attributes:
        permutation: A permutation of 0..rank-1.
    """

    permutation: tuple[int, ...]

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the permuted shape after checking permutation and number of axes."""
        shape = inputs[0]
        if sorted(self.permutation) != list(range(len(shape))):
            raise ModelError(f"{list(self.permutation)} is no permutation of {list(shape)}'s axes")
        whole(shape).transposed(self.permutation).check("a transpose")
        return tuple(shape[axis] for axis in self.permutation)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type, whatever it is."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Transpose every sample."""
        return inputs[0].transpose(0, *(axis + 1 for axis in self.permutation))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantTranspose(self.permutation)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for elements of any type."""
        return lower_view(whole(site.inputs[0]).transposed(self.permutation), site)


@dataclass(frozen=True, eq=False)
class QuantTranspose(QuantOp):
    """Transpose on int8; input and output share their format."""

    permutation: tuple[int, ...]

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the permuted shape."""
        return tuple(inputs[0][axis] for axis in self.permutation)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Transpose every sample."""
        return inputs[0].transpose(0, *(axis + 1 for axis in self.permutation))

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's where the last axis stays the last."""
        return site.bounds[0] if self._keeps_last_axis else super().channel_bounds(site)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result, or all where the last axis moves."""
        return choice.in_step() if self._keeps_last_axis else choice.everything()

    @property
    def _keeps_last_axis(self) -> bool:
        return bool(self.permutation) and self.permutation[-1] == len(self.permutation) - 1

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel; where no byte moves, the result is the operand."""
        return lower_view(whole(site.inputs[0]).transposed(self.permutation), site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add TRANSPOSE, between two RESHAPE to and from merged axes beyond TFLite's rank."""
        shape = operands.input_values[0].shape
        if len(shape) <= MAXIMUM_AXES:
            _add_transpose(graph, operands.inputs[0], self.permutation, operands.output)
            return
        merged, permutation = merge_axes(shape, self.permutation)
        source = graph.reshaped(operands.output_value, merged)
        moved_shape = tuple(merged[axis] for axis in permutation)
        moved = graph.reshaped(operands.output_value, moved_shape)
        graph.reshape(operands.inputs[0], merged, source)
        _add_transpose(graph, source, permutation, moved)
        graph.reshape(moved, operands.output_value.shape, operands.output)


def _add_transpose(
    graph: "TfliteGraph", source: int, permutation: tuple[int, ...], output: int
) -> None:
    axes = graph.constant(np.array(permutation, dtype=np.int32))
    options = TfliteOptions("TransposeOptions", {})
    graph.operator("TRANSPOSE", [source, axes], output, options)


def merge_axes(shape: Shape, permutation: tuple[int, ...]) -> tuple[Shape, tuple[int, ...]]:
    """Drop axes of size 1 and merge neighbours that stay neighbours in the same order.

    Returns:
        Shape and permutation of the same movement of bytes; both empty for a single element.
    """
    groups: list[list[int]] = []
    previous = -2
    kept = [axis for axis, extent in enumerate(shape) if extent != 1]
    for axis in permutation:
        if shape[axis] == 1:
            continue
        position = kept.index(axis)
        if position == previous + 1:
            groups[-1].append(axis)
        else:
            groups.append([axis])
        previous = position
    in_memory = sorted(groups)
    merged = tuple(math.prod(shape[axis] for axis in group) for group in in_memory)
    return merged, tuple(in_memory.index(group) for group in groups)


def _read_transpose(reader: "NodeReader") -> None:
    value = reader.stored(0)
    rank = len(value.axes)
    permutation = reader.ints_attribute("perm") or tuple(reversed(range(rank)))
    if sorted(permutation) != list(range(rank)):
        raise UnsupportedAttributeError(f"perm {list(permutation)} is no order of {rank} axes")
    # ONNX axis i of the result is ONNX axis permutation[i] of the operand.
    reader.define(value.key, tuple(permutation.index(axis) for axis in value.axes))


def _read_tflite_transpose(reader: "TfliteNodeReader") -> None:
    rank = len(reader.value(0).shape)
    permutation = reader.integers(1, "permutation").reshape(-1)
    axes = tuple(normalized_axis(int(axis), rank) for axis in permutation)
    reader.emit(Transpose(axes), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="transpose",
    summary="Another order of axes; free where the next layer can take it.",
    readers={"Transpose": _read_transpose},
    float_ops=(Transpose,),
    quant_ops=(QuantTranspose,),
    kernels=(MOVE_KERNEL,),
    tflite=("TRANSPOSE", "RESHAPE"),
    limits=(f"At most {MAXIMUM_AXES} axes after those that stay together are merged.",),
    tflite_readers={"TRANSPOSE": _read_tflite_transpose},
)

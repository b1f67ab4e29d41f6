"""What reductions over any axes share: axes in memory, the order of the elements, geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import ElementType, Shape, Tensor
from cnnc.ops._axes import normalized_axis
from cnnc.ops._reduced_axes import ReducedAxes, requested_axes, stored_axes
from cnnc.ops.mean.geometry import (
    MAXIMUM_GROUPS,
    axis_groups,
    reduced_elements,
    reduced_shape,
    strided_geometry,
)
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

GROUPS_LIMIT = f"Kept and reduced axes alternate at most {MAXIMUM_GROUPS} times in memory."


@dataclass(frozen=True, eq=False)
class Reduction(FloatOp):
    """A reduction of float32 over some axes.

    Attributes:
        axes: Axes in memory, ascending, from 0; none reduces each element on its own.
        keep_dims: Whether they stay with size 1.
    """

    axes: tuple[int, ...]
    keep_dims: bool

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the reduced shape after checking the axes."""
        shape = inputs[0]
        if any(not 0 <= axis < len(shape) for axis in self.axes):
            raise ModelError(f"a reduction over axes {list(self.axes)} of shape {list(shape)}")
        groups = axis_groups(shape, self.axes)
        most = max(sum(g.reduced for g in groups), sum(not g.reduced for g in groups))
        if most > MAXIMUM_GROUPS:
            raise UnsupportedAttributeError(
                f"kept and reduced axes of {list(shape)} alternate more than {MAXIMUM_GROUPS} times"
            )
        return reduced_shape(shape, self.axes, keep_dims=self.keep_dims)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return float32."""
        if inputs[0] is not ElementType.FLOAT32:
            raise UnsupportedAttributeError(f"an operand of type {inputs[0]}; float32 is supported")
        return inputs[0]

    def rows(self, operand: Tensor) -> Tensor:
        """Return the reduced elements, in the kernels' order, in front: [reduced][S][kept]...."""
        return reduced_rows(operand, self.axes)

    def shaped(self, result: Tensor, operand: Tensor) -> Tensor:
        """Return a result [S][kept]... in the shape (S, *output shape)."""
        axes = tuple(axis + 1 for axis in self.axes)
        return result.reshape(reduced_shape(operand.shape, axes, keep_dims=self.keep_dims))


@dataclass(frozen=True, eq=False)
class QuantReduction(QuantOp):
    """A reduction of int8 over some axes; the attributes are those of ``Reduction``."""

    axes: tuple[int, ...]
    keep_dims: bool

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the reduced shape."""
        return reduced_shape(inputs[0], self.axes, keep_dims=self.keep_dims)


def reduced_rows(operand: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Move the reduced axes of (S, *shape) to the front and make them one."""
    moved = tuple(axis + 1 for axis in axes)
    kept = [axis for axis in range(operand.ndim) if axis not in moved]
    rows = operand.transpose(*moved, *kept)
    count = reduced_elements(operand.shape[1:], axes)
    return rows.reshape(count, *(operand.shape[axis] for axis in kept))


def reduction_geometry(shape: Shape, axes: tuple[int, ...]) -> dict[str, int]:
    """Return extents and strides of kept and reduced axes as fields of a kernel's parameters."""
    return strided_geometry(axis_groups(shape, axes))


def read_reduction(reader: "NodeReader", input_since: int) -> ReducedAxes:
    """Return where the axes that a Reduce node names are in memory.

    Args:
        reader: The node.
        input_since: First opset whose axes are an operand, not an attribute.

    Raises:
        UnsupportedAttributeError: Axes are computed, do not exist, or are named twice.
    """
    keep_dims = bool(reader.int_attribute("keepdims", 1))
    return stored_axes(reader, requested_axes(reader, input_since), keep_dims=keep_dims)


def define_reduced(reader: "NodeReader", reduced: ReducedAxes, op: Reduction) -> None:
    """Add a reduction that keeps single elements as they are; a reshape where it does only that."""
    key = reader.stored(0).key
    shape = tuple(reader.onnx_shape(0)[axis] for axis in reader.stored(0).axes)
    if reduced_elements(shape, reduced.axes) > 1:
        reader.define(reader.emit(op, [key]), reduced.result)
    elif reduced.keep_dims or not reduced.axes:
        reader.define(key, reader.stored(0).axes)
    else:
        target = reduced_shape(shape, reduced.axes, keep_dims=False)
        reader.define(reader.emit(Reshape(target), [key]), reduced.result)


def read_tflite_axes(reader: "TfliteNodeReader") -> tuple[tuple[int, ...], bool]:
    """Return the axes and whether they stay, of a reducing operator of a .tflite file.

    Raises:
        UnsupportedAttributeError: The axes are computed at run time, or one does not exist.
    """
    rank = len(reader.value(0).shape)
    axes = {normalized_axis(int(axis), rank) for axis in reader.integers(1, "axes").reshape(-1)}
    return tuple(sorted(axes)), bool(reader.option("KeepDims", 0))


def export_reduction(
    graph: "TfliteGraph", operands: "TfliteOperands", code: str, op: QuantReduction
) -> None:
    """Add a reducing operator to a TFLite graph."""
    axes = graph.constant(np.array(op.axes, dtype=np.int32))
    options = TfliteOptions("ReducerOptions", {"KeepDims": op.keep_dims})
    graph.operator(code, [operands.inputs[0], axes], operands.output, options, version=2)

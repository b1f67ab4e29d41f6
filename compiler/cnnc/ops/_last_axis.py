"""Read ONNX operators that treat vectors along one axis (Softmax, LogSoftmax, Hardmax)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnnc.ir.op import FloatOp
from cnnc.ir.types import elements
from cnnc.ops._axes import normalized_axis
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_ONE_AXIS_SINCE = 13


def read_along_axis(reader: "NodeReader", make: Callable[[int], FloatOp]) -> None:
    """Add an op on the axis that becomes the last one in memory.

    Before opset 13, all axes from the named one on are one.

    Args:
        reader: The node, with the attribute ``axis``.
        make: Returns the op for the last axis of an operand, counted from 0.

    Raises:
        UnsupportedAttributeError: The axis does not exist.
    """
    shape = reader.onnx_shape(0)
    rank = len(shape)
    named = reader.int_attribute("axis", -1 if reader.opset >= _ONE_AXIS_SINCE else 1)
    axis = normalized_axis(named, rank)
    if reader.opset >= _ONE_AXIS_SINCE:
        _emit_over_axis(reader, axis, make)
        return
    moving = [k for k in range(axis, rank) if shape[k] != 1]
    if len(moving) <= 1:
        _emit_over_axis(reader, moving[0] if moving else axis, make)
        return
    rows = elements(shape[:axis])
    flat = Reshape((rows, elements(shape) // rows))
    source = reader.emit(flat, [reader.in_onnx_order(0)], suffix="rows")
    result = reader.emit(make(1), [source], suffix="of_rows")
    reader.define_onnx_order(reader.emit(Reshape(shape), [result]))


def _emit_over_axis(reader: "NodeReader", axis: int, make: Callable[[int], FloatOp]) -> None:
    others = tuple(other for other in reader.stored(0).axes if other != axis)
    axes = (*others, axis)
    key = reader.emit(make(len(axes) - 1), [reader.in_axes(0, axes)])
    reader.define(key, axes)

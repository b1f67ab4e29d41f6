"""Read ONNX GlobalAveragePool and ReduceMean."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops._axes import normalized_axes
from cnnc.ops.mean.float_op import Mean
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def read_global_average_pool(reader: "NodeReader") -> None:
    """Add the mean over all axes behind the channels.

    Raises:
        UnsupportedAttributeError: The operand has no image axes.
    """
    rank = len(reader.onnx_shape(0))
    if rank < 3:
        raise UnsupportedAttributeError(f"an operand of rank {rank} has no image axes")
    _emit_mean(reader, range(2, rank), keep_dims=True)


def _requested_axes(reader: "NodeReader") -> tuple[int, ...]:
    if reader.opset < 18:
        return reader.ints_attribute("axes") or ()
    if not reader.has_input(1):
        return ()
    return tuple(int(axis) for axis in reader.constant(1, "axes").reshape(-1))


def read_reduce_mean(reader: "NodeReader") -> None:
    """Add the mean over the named axes; over all where none are named, unless the node says no.

    Raises:
        UnsupportedAttributeError: An axis does not exist or is named twice.
    """
    rank = len(reader.onnx_shape(0))
    requested = _requested_axes(reader)
    empty_means_none = bool(reader.int_attribute("noop_with_empty_axes", 0))
    keep_dims = bool(reader.int_attribute("keepdims", 1))
    axes = normalized_axes(requested, rank)
    if not axes and not empty_means_none:
        axes = tuple(range(rank))
    _emit_mean(reader, axes, keep_dims=keep_dims)


def _emit_mean(reader: "NodeReader", onnx_axes: Sequence[int], *, keep_dims: bool) -> None:
    """Add the mean over ONNX axes of the operand, in whatever order it is stored."""
    stored = reader.stored(0)
    shape = reader.onnx_shape(0)
    kept = [axis for axis in range(len(shape)) if axis not in onnx_axes]
    remaining = [axis for axis in stored.axes if axis in kept]
    result_axes = stored.axes if keep_dims else tuple(kept.index(axis) for axis in remaining)
    axes = tuple(k for k, axis in enumerate(stored.axes) if axis in onnx_axes)
    if math.prod(shape[axis] for axis in onnx_axes) > 1:
        reader.define(reader.emit(Mean(axes, keep_dims), [stored.key]), result_axes)
    elif keep_dims:
        reader.define(stored.key, stored.axes)
    else:
        target = tuple(shape[axis] for axis in remaining)
        reader.define(reader.emit(Reshape(target), [stored.key]), result_axes)

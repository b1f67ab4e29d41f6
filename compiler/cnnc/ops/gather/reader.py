"""Read Gather of ONNX and of int8 .tflite files."""

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ir.types import I64, AnyArray, Shape
from cnnc.ops._axes import normalized_axis
from cnnc.ops.gather.float_op import Gather, GatherAt
from cnnc.ops.reshape import Reshape
from cnnc.ops.slice import Slice

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


def read_gather(reader: "NodeReader") -> None:
    """Read Gather: the axis becomes the axes of the indices, at the same place in memory."""
    stored, shape = reader.stored(0), reader.onnx_shape(0)
    axis = normalized_axis(reader.int_attribute("axis", 0), len(shape))
    place = stored.axes.index(axis)
    indices_shape = reader.onnx_shape(1)
    memory = tuple(shape[k] for k in stored.axes)
    if reader.is_constant(1):
        indices = checked_indices(reader.constant(1, "indices"), shape[axis])
        key = reader.emit(constant_gather(memory, place, indices), [stored.key])
    else:
        flat = _flat_indices(reader, indices_shape)
        key = reader.emit(GatherAt(place), [stored.key, flat])
    axes = _axes_after(stored.axes, axis, len(indices_shape))
    if len(indices_shape) != 1:
        result = (*memory[:place], *indices_shape, *memory[place + 1 :])
        key = reader.emit(Reshape(result), [key], suffix="reshape")
    reader.define(key, axes)


def constant_gather(shape: Shape, axis: int, indices: tuple[int, ...]) -> FloatOp:
    """Return the op that gathers; a slice where the indices are in equal steps.

    Args:
        shape: Of the operand, in memory.
        axis: In memory.
        indices: 0..extent-1, at least one.
    """
    steps = set(np.diff(np.array(indices)).tolist())
    step = steps.pop() if steps else 1
    if steps or step == 0:
        return Gather(axis, indices)
    starts = tuple(indices[0] if k == axis else 0 for k in range(len(shape)))
    strides = tuple(int(step) if k == axis else 1 for k in range(len(shape)))
    return Slice(starts, strides, (*shape[:axis], len(indices), *shape[axis + 1 :]))


def checked_indices(indices: AnyArray, extent: int) -> tuple[int, ...]:
    """Return flat indices counted from 0.

    Raises:
        UnsupportedAttributeError: One is no integer or outside of the axis, or there is none.
    """
    if indices.dtype.kind not in "iu":
        raise UnsupportedAttributeError(f"the indices are {indices.dtype.name}, no integers")
    flat: I64 = indices.astype(np.int64).reshape(-1)
    outside = flat[(flat < -extent) | (flat >= extent)]
    if outside.size or not flat.size:
        what = f"index {outside[0]} is outside of" if outside.size else "there are no indices for"
        raise UnsupportedAttributeError(f"{what} an axis of {extent} entries")
    return tuple(int(index) for index in np.where(flat < 0, flat + extent, flat))


def read_tflite_gather(reader: "TfliteNodeReader") -> None:
    """Read GATHER with one axis; indices constant or int32 that are computed."""
    value = reader.value(0)
    axis = normalized_axis(reader.option("Axis", 0), len(value.shape))
    if reader.option("BatchDims", 0):
        raise UnsupportedAttributeError("batch dimensions are not supported")
    if not reader.is_constant(1):
        raise UnsupportedAttributeError("indices must be constants, not computed at run time")
    indices = checked_indices(reader.integers(1, "indices"), value.shape[axis])
    op = constant_gather(value.shape, axis, indices)
    if op.output_shape([value.shape]) == reader.output.shape:
        reader.emit(op, [reader.key(0)])
        return
    gathered = reader.emit_inner(op, [reader.key(0)], "gather", value.quantization)
    reader.emit(Reshape(reader.output.shape), [gathered])


def _flat_indices(reader: "NodeReader", shape: Shape) -> str:
    key = reader.in_onnx_order(1)
    if len(shape) == 1:
        return key
    return reader.emit(Reshape((math.prod(shape),)), [key], suffix="indices")


def _axes_after(axes: tuple[int, ...], axis: int, rank: int) -> tuple[int, ...]:
    """Return the storage axes after one axis became ``rank`` axes at its place."""
    result: list[int] = []
    for stored in axes:
        if stored == axis:
            result += range(axis, axis + rank)
        else:
            result.append(stored if stored < axis else stored + rank - 1)
    return tuple(result)

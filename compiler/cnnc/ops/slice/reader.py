"""Read ONNX Slice and Split."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops._axes import normalized_axes, normalized_axis
from cnnc.ops.slice.axis import SlicedAxis
from cnnc.ops.slice.float_op import Slice

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def read_slice(reader: "NodeReader") -> None:
    """Read Slice: attributes before opset 10, inputs since."""
    rank = len(reader.onnx_shape(0))
    if reader.opset < 10:
        starts, ends = reader.ints_attribute("starts") or (), reader.ints_attribute("ends") or ()
        axes = reader.ints_attribute("axes")
        steps: Sequence[int] | None = None
    else:
        starts, ends = _integers(reader, 1, "starts"), _integers(reader, 2, "ends")
        axes = _integers(reader, 3, "axes") if reader.has_input(3) else None
        steps = _integers(reader, 4, "steps") if reader.has_input(4) else None
    named = normalized_axes(tuple(range(len(starts))) if axes is None else axes, rank)
    steps = (1,) * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(named) == len(steps):
        raise UnsupportedAttributeError(
            f"{len(starts)} starts, {len(ends)} ends, {len(named)} axes and {len(steps)} steps do "
            "not fit together"
        )
    shape = reader.onnx_shape(0)
    slices = [SlicedAxis(extent, 0, 1, extent) for extent in shape]
    for axis, start, end, step in zip(named, starts, ends, steps, strict=True):
        slices[axis] = _sliced(shape[axis], slice(start, end, step), axis)
    define_slice(reader, slices)


def read_split(reader: "NodeReader") -> None:
    """Read Split: sizes as attribute before opset 13, as input since; none means equal parts.

    A part without elements is a constant.
    """
    shape = reader.onnx_shape(0)
    axis = normalized_axis(reader.int_attribute("axis", 0), len(shape))
    sizes = _split_sizes(reader, shape[axis])
    if sum(sizes) != shape[axis] or len(sizes) != reader.result_count or min(sizes) < 0:
        raise UnsupportedAttributeError(
            f"parts of {list(sizes)} elements do not fit {reader.result_count} results of an axis "
            f"of {shape[axis]}"
        )
    start = 0
    for output, size in enumerate(sizes):
        slices = [SlicedAxis(extent, 0, 1, extent) for extent in shape]
        slices[axis] = SlicedAxis(shape[axis], start, 1, size)
        if size == 0:
            empty = np.zeros((*shape[:axis], 0, *shape[axis + 1 :]), reader.element_type(0).numpy)
            reader.define_constant(empty, output)
        elif reader.has_output(output):
            define_slice(reader, slices, output)
        start += size


def define_slice(reader: "NodeReader", axes: Sequence[SlicedAxis], output: int = 0) -> None:
    """Define a result as a slice of operand 0, in the layout that the operand is stored in.

    Args:
        reader: The node.
        axes: In ONNX order.
        output: Index of the result.
    """
    stored = reader.stored(0)
    if all(axis.is_whole for axis in axes):
        reader.define(stored.key, stored.axes, output)
        return
    inside = [axes[axis] for axis in stored.axes]
    op = Slice(
        starts=tuple(axis.start for axis in inside),
        steps=tuple(axis.step for axis in inside),
        shape=tuple(axis.size for axis in inside),
    )
    reader.define(reader.emit(op, [stored.key], output=output), stored.axes, output)


def _integers(reader: "NodeReader", index: int, role: str) -> tuple[int, ...]:
    return tuple(int(number) for number in reader.constant(index, role).reshape(-1))


def _sliced(extent: int, given: slice, axis: int) -> SlicedAxis:
    if given.step == 0:
        raise UnsupportedAttributeError(f"step 0 along axis {axis}")
    taken = range(*given.indices(extent))
    if not taken:
        raise UnsupportedAttributeError(
            f"the slice {given.start}:{given.stop}:{given.step} of axis {axis}, which has {extent} "
            "elements, is empty"
        )
    return SlicedAxis(extent, taken.start, given.step, len(taken))


def _split_sizes(reader: "NodeReader", extent: int) -> tuple[int, ...]:
    if reader.opset < 13:
        sizes = reader.ints_attribute("split")
    else:
        sizes = _integers(reader, 1, "split") if reader.has_input(1) else None
    parts = reader.int_attribute("num_outputs", reader.result_count)
    if sizes is not None:
        return sizes
    if reader.opset < 18 and extent % parts != 0:
        raise UnsupportedAttributeError(f"an axis of {extent} has no {parts} equal parts")
    # The last part is smaller where the extent is no multiple (ONNX Split, since opset 18).
    size = math.ceil(extent / parts)
    return (*(size,) * (parts - 1), extent - size * (parts - 1))

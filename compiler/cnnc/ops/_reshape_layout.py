"""In which memory order a Reshape, as ONNX means it, moves the fewest bytes.

ONNX reshapes the row-major sequence of elements. Source and target fall into groups of neighbouring
axes of equal product, e.g. [2, 6, 4, 5] -> [2, 3, 2, 20] into 2 | 6 | 4 5 and 2 | 3 2 | 20. A group
of one source axis can be split wherever that axis lies in memory; a group of several must lie
together, in ONNX order. So channels that are split into groups, or rows and columns that become
one axis, leave a channel-last tensor where it is. Axes of size 1 lie anywhere.
"""

import math
from collections.abc import Iterator, Sequence

from cnnc.ir.types import Shape

Axes = tuple[int, ...]


def reshape_layout(source: Shape, target: Shape, axes: Axes) -> tuple[Axes, Axes]:
    """Return the storage axes that the operand needs, and those that the result has.

    Args:
        source: ONNX shape of the operand.
        target: ONNX shape of the result, of as many elements.
        axes: How the operand is stored now; axis k in memory is ONNX axis ``axes[k]``.
    """
    groups = list(_groups(source, target))
    group_of = {axis: number for number, (axes_in, _) in enumerate(groups) for axis in axes_in}
    order = list(dict.fromkeys(group_of[axis] for axis in axes if source[axis] != 1))
    needed = [axis for number in order for axis in groups[number][0]]
    if needed == [axis for axis in axes if source[axis] != 1]:
        operand = axes
    else:
        operand = _with_ones(needed, source)
    return operand, _with_ones([axis for number in order for axis in groups[number][1]], target)


def _groups(source: Shape, target: Shape) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the least groups of source and target axes of equal product, without those of 1."""
    left = [axis for axis, extent in enumerate(source) if extent != 1]
    right = [axis for axis, extent in enumerate(target) if extent != 1]
    while left:
        ours, theirs = [left.pop(0)], [right.pop(0)]
        while (have := _product(source, ours)) != (want := _product(target, theirs)):
            if have < want:
                ours.append(left.pop(0))
            else:
                theirs.append(right.pop(0))
        yield ours, theirs


def _product(shape: Shape, axes: Sequence[int]) -> int:
    return math.prod(shape[axis] for axis in axes)


def _with_ones(moved: list[int], shape: Shape) -> Axes:
    """Put axes of size 1 among the others so that the order is a usual one where it can be."""
    rank = len(shape)
    channel_last = (0, *range(2, rank), 1) if rank > 2 else tuple(range(rank))
    for usual in (channel_last, tuple(range(rank))):
        if [axis for axis in usual if shape[axis] != 1] == moved:
            return usual
    return (*(axis for axis in range(rank) if shape[axis] == 1), *moved)

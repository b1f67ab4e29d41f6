"""Axes as ONNX writes them, and axes that a kernel can take as one."""

from collections.abc import Sequence
from typing import TypeVar

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Shape

Label = TypeVar("Label")


def normalized_axis(axis: int, rank: int) -> int:
    """Return an axis counted from 0; negative ones count from the end.

    Raises:
        UnsupportedAttributeError: It is outside -rank..rank-1.
    """
    return normalized_axes([axis], rank)[0]


def normalized_axes(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Return axes counted from 0, in the order given; negative ones count from the end.

    Raises:
        UnsupportedAttributeError: One is outside -rank..rank-1, or two are the same.
    """
    outside = [axis for axis in axes if not -rank <= axis < rank]
    if outside:
        raise UnsupportedAttributeError(f"axis {outside[0]} does not exist in rank {rank}")
    normalized = tuple(axis % rank for axis in axes)
    repeated = [axis for axis in normalized if normalized.count(axis) > 1]
    if repeated:
        raise UnsupportedAttributeError(f"axes {list(axes)} name axis {repeated[0]} twice")
    return normalized


def merge_alike(shape: Shape, labels: Sequence[Label]) -> tuple[tuple[int, Label], ...]:
    """Drop axes of size 1 and merge neighbours that have the same label.

    Args:
        shape: Extent of each axis, outermost first.
        labels: What a kernel does along each axis.

    Returns:
        Extent (> 1) and label of each axis that is left, outermost first.
    """
    merged: list[tuple[int, Label]] = []
    for extent, label in zip(shape, labels, strict=True):
        if extent == 1:
            continue
        if merged and merged[-1][1] == label:
            extent *= merged.pop()[0]  # noqa: PLW2901 (the merged axis takes its place)
        merged.append((extent, label))
    return tuple(merged)

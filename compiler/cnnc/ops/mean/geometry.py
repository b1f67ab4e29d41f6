"""What the kernels of the mean see of a tensor: runs of axes that are all kept or all reduced."""

import math
from dataclasses import dataclass

from cnnc.ir.types import Shape
from cnnc.ops._axes import merge_alike

MAXIMUM_GROUPS = 3
"""Kept and reduced axes of the C kernel, after neighbours of one kind are merged."""


@dataclass(frozen=True)
class AxisGroup:
    """Neighbouring axes that are all kept or all reduced.

    Attributes:
        extent: Product of their sizes.
        stride: Step in memory from one element to the next.
        reduced: Whether the mean is taken over them.
    """

    extent: int
    stride: int
    reduced: bool


def reduced_elements(shape: Shape, axes: tuple[int, ...]) -> int:
    """Return how many elements each mean is taken over."""
    return math.prod(shape[axis] for axis in axes)


def axis_groups(shape: Shape, axes: tuple[int, ...]) -> tuple[AxisGroup, ...]:
    """Drop axes of size 1 and merge neighbours that are all kept or all reduced."""
    merged = merge_alike(shape, [axis in axes for axis in range(len(shape))])
    groups: list[AxisGroup] = []
    stride = 1
    for extent, reduced in reversed(merged):
        groups.append(AxisGroup(extent, stride, reduced))
        stride *= extent
    return tuple(reversed(groups))


def contiguous_geometry(groups: tuple[AxisGroup, ...]) -> dict[str, int] | None:
    """Return outer, reduced and inner extent, or None if several runs of axes are reduced."""
    reduced = [position for position, group in enumerate(groups) if group.reduced]
    if len(reduced) > 1:
        return None
    position = reduced[0] if reduced else len(groups)
    return {
        "outer": math.prod(group.extent for group in groups[:position]),
        "reduced": groups[position].extent if reduced else 1,
        "inner": math.prod(group.extent for group in groups[position + 1 :]),
    }


def strided_geometry(groups: tuple[AxisGroup, ...]) -> dict[str, int]:
    """Return extents and strides of kept and reduced axes, padded to the kernel's number."""
    parameters: dict[str, int] = {}
    for name, reduced in (("kept", False), ("reduced", True)):
        chosen = [group for group in groups if group.reduced == reduced]
        missing = MAXIMUM_GROUPS - len(chosen)
        extents = [1] * missing + [group.extent for group in chosen]
        strides = [0] * missing + [group.stride for group in chosen]
        parameters.update({f"{name}_extent_{k}": extent for k, extent in enumerate(extents)})
        parameters.update({f"{name}_stride_{k}": stride for k, stride in enumerate(strides)})
    return parameters


def reduced_shape(shape: Shape, axes: tuple[int, ...], *, keep_dims: bool) -> Shape:
    """Return the shape without the axes, or with size 1 there."""
    if keep_dims:
        return tuple(1 if axis in axes else extent for axis, extent in enumerate(shape))
    return tuple(extent for axis, extent in enumerate(shape) if axis not in axes)

"""What the kernel of a normalization sees of a tensor: runs of axes of one kind."""

import math
from dataclasses import dataclass

from cnnc.ir.types import Shape
from cnnc.ops._axes import merge_alike

MAXIMUM_GROUPS = 4
"""Kept and reduced axes of the C kernel, after neighbours of one kind are merged."""


@dataclass(frozen=True)
class NormalizedAxes:
    """Neighbouring axes that are treated alike.

    Attributes:
        extent: Product of their sizes.
        stride: Step in memory from one element to the next.
        scale_stride: The same in scale and offset; 0 where these repeat.
        reduced: Whether mean and variance are taken over them.
    """

    extent: int
    stride: int
    scale_stride: int
    reduced: bool


def normalized_groups(
    shape: Shape, axes: tuple[int, ...], scale_shape: Shape
) -> tuple[NormalizedAxes, ...]:
    """Drop axes of size 1 and merge neighbours, outermost first.

    Args:
        shape: Of the operand.
        axes: Those that mean and variance are taken over.
        scale_shape: Of scale and offset; as many axes, each as long as the operand's or 1.
    """
    labels = [(axis in axes, scale_shape[axis] > 1) for axis in range(len(shape))]
    groups: list[NormalizedAxes] = []
    stride, scale_stride = 1, 1
    for extent, (reduced, scaled) in reversed(merge_alike(shape, labels)):
        groups.append(NormalizedAxes(extent, stride, scale_stride * scaled, reduced))
        stride *= extent
        scale_stride *= extent if scaled else 1
    return tuple(reversed(groups))


def kernel_fields(groups: tuple[NormalizedAxes, ...]) -> dict[str, int]:
    """Return extents and strides of kept and reduced axes, padded to the kernel's number."""
    fields: dict[str, int] = {}
    for name, reduced in (("kept", False), ("reduced", True)):
        chosen = [group for group in groups if group.reduced == reduced]
        missing = MAXIMUM_GROUPS - len(chosen)
        padded = [NormalizedAxes(1, 0, 0, reduced)] * missing + chosen
        for k, group in enumerate(padded):
            fields[f"{name}_extent_{k}"] = group.extent
            fields[f"{name}_stride_{k}"] = group.stride
            fields[f"{name}_scale_stride_{k}"] = group.scale_stride
    return fields


def group_count(groups: tuple[NormalizedAxes, ...]) -> int:
    """Return how many kept or reduced groups there are, whichever is more."""
    reduced = sum(group.reduced for group in groups)
    return max(reduced, len(groups) - reduced)


def reduced_count(shape: Shape, axes: tuple[int, ...]) -> int:
    """Return over how many elements each mean is taken."""
    return math.prod(shape[axis] for axis in axes)

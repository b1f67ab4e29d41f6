"""The axes of a pad, and which of them can be taken as one."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnc.errors import ModelError
from cnnc.ir.types import Shape

MAXIMUM_AXES = 4
"""Axes of the C kernels and of TFLite's, after unpadded ones are merged into their neighbours."""


@dataclass(frozen=True)
class PaddedAxis:
    """One axis in memory.

    Attributes:
        extent: Elements of the operand.
        before: Elements of padding before it (likewise ``after``).
    """

    extent: int
    before: int
    after: int

    @property
    def padded(self) -> int:
        """Elements of the result."""
        return self.before + self.extent + self.after


def padded_axes(
    shape: Shape, before: Sequence[int], after: Sequence[int]
) -> tuple[PaddedAxis, ...]:
    """Return the axes of a pad.

    Raises:
        ModelError: It has another number of axes than the tensor.
    """
    if not len(shape) == len(before) == len(after):
        raise ModelError(f"pads for {len(before)} axes do not fit a tensor of shape {list(shape)}")
    return tuple(PaddedAxis(*triple) for triple in zip(shape, before, after, strict=True))


def merge_axes(axes: tuple[PaddedAxis, ...]) -> tuple[PaddedAxis, ...]:
    """Merge each axis without padding into its outer neighbour, and leading ones of size 1 away.

    [e0 | b0 a0][e1 | 0 0] holds the same bytes as [e0 e1 | b0 e1, a0 e1].
    """
    merged: list[PaddedAxis] = []
    for axis in axes:
        if not merged or merged[-1] == PaddedAxis(1, 0, 0):
            merged = [axis]
        elif axis.padded == axis.extent:
            outer = merged.pop()
            extents = (outer.extent, outer.before, outer.after)
            merged.append(PaddedAxis(*(extent * axis.extent for extent in extents)))
        else:
            merged.append(axis)
    return tuple(merged)

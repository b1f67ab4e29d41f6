"""One axis of a slice, and which neighbours can be taken as one."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Shape
from cnnc.ops._move import View, whole


@dataclass(frozen=True)
class SlicedAxis:
    """One axis in memory: elements start, start + step, ...

    Attributes:
        extent: Elements of the operand.
        start: The first that is taken, 0..extent-1.
        step: Distance between two that are taken; negative ones go backwards, never 0.
        size: How many are taken, >= 1.
    """

    extent: int
    start: int
    step: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether every element is taken, in order."""
        return self.size == self.extent and (self.step == 1 or self.size == 1)

    @property
    def is_run(self) -> bool:
        """Whether neighbours are taken, in order."""
        return self.step == 1 or self.size == 1

    @property
    def last(self) -> int:
        """The last element that is taken."""
        return self.start + self.step * (self.size - 1)

    def as_slice(self) -> slice:
        """Return the same as Python writes it."""
        end = self.last + (1 if self.step > 0 else -1)
        return slice(self.start, None if end < 0 else end, self.step)


def sliced_axes(
    shape: Shape, starts: Sequence[int], steps: Sequence[int], sizes: Sequence[int]
) -> tuple[SlicedAxis, ...]:
    """Return the axes of a slice.

    Raises:
        UnsupportedAttributeError: It does not fit the shape.
    """
    if not len(shape) == len(starts) == len(steps) == len(sizes):
        raise UnsupportedAttributeError(
            f"a slice of {len(starts)} axes does not fit a tensor of shape {list(shape)}"
        )
    axes = tuple(SlicedAxis(*four) for four in zip(shape, starts, steps, sizes, strict=True))
    for number, axis in enumerate(axes):
        inside = 0 <= axis.start < axis.extent and 0 <= axis.last < axis.extent
        if axis.size < 1 or axis.step == 0 or not inside:
            raise UnsupportedAttributeError(
                f"a slice of {axis.size} elements from {axis.start} on with step {axis.step} does "
                f"not fit axis {number} of {axis.extent} elements"
            )
    return axes


def view_of(shape: Shape, axes: Sequence[SlicedAxis]) -> View:
    """Return the strided view that a slice is."""
    strides = whole(shape).strides
    return View(
        shape=tuple(axis.size for axis in axes),
        strides=tuple(axis.step * stride for axis, stride in zip(axes, strides, strict=True)),
        offset=sum(axis.start * stride for axis, stride in zip(axes, strides, strict=True)),
    )


def merge_sliced_axes(axes: Sequence[SlicedAxis]) -> tuple[SlicedAxis, ...]:
    """Merge each axis that is taken whole into its outer neighbour, where that is a run.

    [e0 | from s0, n0 elements][e1 | whole] holds the same as [e0 e1 | from s0 e1, n0 e1 elements].
    """
    merged: list[SlicedAxis] = []
    for axis in axes:
        if not merged or not axis.is_whole or not merged[-1].is_run:
            merged.append(axis)
            continue
        outer = merged.pop()
        extent, start, size = (
            number * axis.extent for number in (outer.extent, outer.start, outer.size)
        )
        merged.append(SlicedAxis(extent, start, 1, size))
    return tuple(merged)

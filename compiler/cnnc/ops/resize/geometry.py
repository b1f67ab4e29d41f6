"""What the kernels see of a tensor: up to three axes that are resized, between two that are not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.types import I32, Shape, Tensor

KERNEL_AXES = 3
LARGEST_EXTENT = 2**15 - 1
"""Elements along a resized axis: the kernels' tables are int16."""


@dataclass(frozen=True)
class Span:
    """A tensor as [outer][extent 0][extent 1][extent 2][inner].

    Attributes:
        outer: Elements of the axes before the first resized one.
        extents: Three axes of the operand; missing ones, in front, have size 1.
        sizes: The same axes of the result.
        axes: For each of them, its position among the resized axes; None where it is kept.
        inner: Elements of the axes behind the last resized one.
    """

    outer: int
    extents: tuple[int, ...]
    sizes: tuple[int, ...]
    axes: tuple[int | None, ...]
    inner: int

    def parameters(self) -> dict[str, int]:
        """Return the fields of the kernels that are about shapes."""
        fields = {"outer": self.outer, "inner": self.inner}
        fields.update({f"input_extent_{k}": extent for k, extent in enumerate(self.extents)})
        fields.update({f"output_extent_{k}": size for k, size in enumerate(self.sizes)})
        return fields

    def tables(self, tables: Sequence[Tensor], identities: Sequence[Tensor]) -> list[Tensor]:
        """Return the table of each of the three axes.

        Args:
            tables: Of the resized axes.
            identities: What stands for a kept axis at each of the three places.
        """
        return [
            identity if axis is None else tables[axis]
            for axis, identity in zip(self.axes, identities, strict=True)
        ]


def span_of(shape: Shape, axes: Sequence[int], sizes: Sequence[int]) -> Span:
    """Return how the kernels see a tensor.

    Args:
        shape: Of the operand.
        axes: Resized axes, ascending, at least one.
        sizes: Their sizes in the result.

    Raises:
        ModelError: The axes are none of the tensor's.
        UnsupportedAttributeError: Too many axes are left after merging, or one is too long.
    """
    if not axes or any(not 0 <= axis < len(shape) for axis in axes) or min(sizes) < 1:
        raise ModelError(f"axes {list(axes)} of {list(shape)} cannot become {list(sizes)}")
    first, last = axes[0], axes[-1]
    between: list[tuple[int, int, int | None]] = []
    for axis in range(first, last + 1):
        if axis in axes:
            place = axes.index(axis)
            between.append((shape[axis], sizes[place], place))
        elif between[-1][2] is None:
            extent = between.pop()[0] * shape[axis]
            between.append((extent, extent, None))
        elif shape[axis] != 1:
            between.append((shape[axis], shape[axis], None))
    if len(between) > KERNEL_AXES:
        raise UnsupportedAttributeError(
            f"axes {list(axes)} of {list(shape)} lie too far apart: at most {KERNEL_AXES} axes, "
            "those between resized ones included, are supported"
        )
    if max(max(extent, size) for extent, size, _ in between) > LARGEST_EXTENT:
        raise UnsupportedAttributeError(
            f"an axis of more than {LARGEST_EXTENT} elements cannot be resized"
        )
    padded = [*[(1, 1, None)] * (KERNEL_AXES - len(between)), *between]
    return Span(
        outer=math.prod(shape[:first]),
        extents=tuple(extent for extent, _, _ in padded),
        sizes=tuple(size for _, size, _ in padded),
        axes=tuple(axis for _, _, axis in padded),
        inner=math.prod(shape[last + 1 :]),
    )


def resized_shape(shape: Shape, axes: Sequence[int], sizes: Sequence[int]) -> Shape:
    """Return the shape of the result after checking that the kernels can compute it."""
    span_of(shape, axes, sizes)
    result = list(shape)
    for axis, size in zip(axes, sizes, strict=True):
        result[axis] = size
    return tuple(result)


def split_tables(joined: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Return the table of each axis from one array that holds them one after the other."""
    return np.split(joined, np.cumsum(sizes)[:-1])


def kept_indices(span: Span) -> list[I32]:
    """Return, for each of the three places, the indices of an axis that is kept."""
    return [np.arange(size, dtype=np.int32) for size in span.sizes]

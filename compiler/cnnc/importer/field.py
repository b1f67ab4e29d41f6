"""What a tensor's elements see of the image: their receptive field, and how far apart they look.

Along each axis of the image, behind a window of K taps, dilation D and stride S (Araujo, Norris and
Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019):

    size = size + (K - 1) D jump        jump = jump S

Where branches meet, the larger counts. The size is that of the theory: it may exceed the image.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cnnc.ir.types import Shape


@dataclass(frozen=True)
class Step:
    """A window along one axis.

    Attributes:
        reach: How many elements of the operand it covers beyond the first one.
        stride: Elements of the operand between two windows; below 1 where it enlarges.
    """

    reach: Fraction
    stride: Fraction


@dataclass(frozen=True)
class Along:
    """What is seen along one axis of the image.

    Attributes:
        extent: Of the image.
        size: Elements of the image that one element of the tensor depends on.
        jump: Elements of the image between what two neighbours see.
        axis: Axis of the tensor that runs along this one, ONNX order; None where none does.
    """

    extent: int
    size: Fraction
    jump: Fraction
    axis: int | None

    def whole(self) -> "Along":
        """Return the same where each element depends on the whole axis."""
        return replace(self, size=max(self.size, Fraction(self.extent)), axis=None)


@dataclass(frozen=True)
class Field:
    """What one element of a tensor sees, for each axis of the image in order."""

    axes: tuple[Along, ...]

    @staticmethod
    def start(shape: Shape, axes: Collection[int]) -> "Field":
        """Return the field of an image itself.

        Args:
            shape: ONNX order.
            axes: Those that are rows, columns and so on.
        """
        one = Fraction(1)
        return Field(tuple(Along(shape[axis], one, one, axis) for axis in sorted(axes)))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Elements that are seen along each axis, rounded up."""
        return tuple(math.ceil(along.size) for along in self.axes)

    @property
    def jumps(self) -> tuple[float | None, ...]:
        """Distance of what neighbours see along each axis; None where the axis is gone."""
        return tuple(None if along.axis is None else float(along.jump) for along in self.axes)

    def behind(self, steps: Mapping[int, Step]) -> "Field":
        """Return the field behind windows along some axes of the tensor."""
        return Field(tuple(_behind(along, steps) for along in self.axes))

    def mixed(self, axes: Collection[int]) -> "Field":
        """Return the field where each element depends on the whole of some axes.

        What has no axis of its own any more may lie on any of them.
        """
        return Field(
            tuple(
                along.whole() if along.axis is None or along.axis in axes else along
                for along in self.axes
            )
        )

    def moved(self, axis_of: Mapping[int, int]) -> "Field":
        """Return the field after the axes of the tensor have been renamed.

        Args:
            axis_of: New axis by old one; axes that are missing are gone.
        """
        return Field(
            tuple(
                replace(along, axis=None if along.axis is None else axis_of.get(along.axis))
                for along in self.axes
            )
        )


def joined(fields: Sequence[Field]) -> Field | None:
    """Return the field of what depends on several tensors of one rank, element by element."""
    if not fields:
        return None
    most = max(len(field.axes) for field in fields)
    alike = [field.axes for field in fields if len(field.axes) == most]
    return Field(tuple(_larger(parts) for parts in zip(*alike, strict=True)))


def kept_axes(before: Shape, after: Shape) -> dict[int, int]:
    """Return which axes a reshape keeps: new axis by old one.

    An axis is kept where its extent stays and so does the number of elements before it.
    """
    places = {
        (math.prod(after[:axis]), extent): axis for axis, extent in enumerate(after) if extent > 1
    }
    return {
        axis: places[math.prod(before[:axis]), extent]
        for axis, extent in enumerate(before)
        if (math.prod(before[:axis]), extent) in places
    }


def _behind(along: Along, steps: Mapping[int, Step]) -> Along:
    step = None if along.axis is None else steps.get(along.axis)
    if step is None:
        return along
    return replace(along, size=along.size + step.reach * along.jump, jump=along.jump * step.stride)


def _larger(parts: Sequence[Along]) -> Along:
    with_axis = [along for along in parts if along.axis is not None]
    first = (with_axis or parts)[0]
    return replace(
        first,
        size=max(along.size for along in parts),
        jump=max(along.jump for along in with_axis or parts),
    )

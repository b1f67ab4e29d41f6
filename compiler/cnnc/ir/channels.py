"""What is known of the channels of a tensor, which of them are kept, and what became of the rest.

A channel is an index of a tensor's last axis in storage order; a scalar has one channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import I8, I32, I64, INT8_MAX, INT8_MIN, AnyArray, Shape

if TYPE_CHECKING:
    from cnnc.quantize.fixed_point import Arithmetic

Mask = npt.NDArray[np.bool_]


def channel_count(shape: Shape) -> int:
    """Return the extent of the last axis, 1 for a scalar."""
    return shape[-1] if shape else 1


@dataclass(frozen=True, eq=False)
class ChannelBounds:
    """For each channel, a closed interval that holds every int8 value it can ever take.

    Attributes:
        low: [channels], -128..127, held in int64.
        high: [channels], not below ``low``.
    """

    low: I64
    high: I64

    @property
    def is_constant(self) -> Mask:
        """Which channels have one value at every place and for every input, [channels]."""
        constant: Mask = self.low == self.high
        return constant

    @staticmethod
    def unknown(channels: int) -> "ChannelBounds":
        """Return the bounds of channels that may hold any int8 value."""
        return ChannelBounds(
            np.full(channels, INT8_MIN, np.int64), np.full(channels, INT8_MAX, np.int64)
        )

    @staticmethod
    def of_array(array: AnyArray) -> "ChannelBounds":
        """Return the exact bounds of a constant int8 tensor without sample axis."""
        rows = array.astype(np.int64).reshape(-1, channel_count(array.shape))
        return ChannelBounds(rows.min(axis=0), rows.max(axis=0))

    @staticmethod
    def hull(parts: Sequence["ChannelBounds"]) -> "ChannelBounds":
        """Return the least bounds that hold all of the parts, which have equal channels."""
        return ChannelBounds(
            np.min([part.low for part in parts], axis=0),
            np.max([part.high for part in parts], axis=0),
        )


@dataclass(frozen=True, eq=False)
class ChannelSite:
    """The surroundings of an op whose channels are looked at.

    Attributes:
        input_shapes: Shape of each operand.
        output_shape: Shape of the result.
        bounds: What is known of each operand.
        arithmetic: How accumulators are rounded.
    """

    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    bounds: tuple[ChannelBounds, ...]
    arithmetic: "Arithmetic"


@dataclass(frozen=True, eq=False)
class ChannelChoice:
    """Which channels around an op are kept.

    Attributes:
        inputs: [channels] of each operand.
        output: [channels] of the result.
    """

    inputs: tuple[Mask, ...]
    output: Mask

    def everything(self) -> "ChannelChoice":
        """Return the choice that keeps all channels."""
        inputs = tuple(np.ones_like(mask) for mask in self.inputs)
        return ChannelChoice(inputs, np.ones_like(self.output))

    def in_step(self) -> "ChannelChoice":
        """Return the least choice in which all operands and the result keep the same channels."""
        mask = np.logical_or.reduce([*self.inputs, self.output])
        return ChannelChoice((mask,) * len(self.inputs), mask)


@dataclass(frozen=True, eq=False)
class ChannelMap:
    """What became of the channels of a value some of which were removed.

    Channels that are neither kept nor constant are read by no layer that matters: nothing is
    known of them.

    Attributes:
        shape: Shape of the value before.
        kept: int32, index before of each channel that is still computed, ascending.
        constant: int32, index before of each removed channel with one value.
        constants: int8, that value.
    """

    shape: Shape
    kept: I32
    constant: I32
    constants: I8

    def __post_init__(self) -> None:
        named = np.concatenate([self.kept, self.constant])
        inside = named.size == 0 or (named.min() >= 0 and named.max() < self.channels)
        if not inside or len(np.unique(named)) != len(named):
            raise ValueError("kept and constant are not different channels of the value")
        if len(self.constants) != len(self.constant):
            raise ValueError(
                f"{len(self.constant)} constant channels, {len(self.constants)} values"
            )

    @property
    def channels(self) -> int:
        """Number of channels before."""
        return channel_count(self.shape)

    @property
    def kept_shape(self) -> Shape:
        """Shape of what is still computed."""
        return (*self.shape[:-1], len(self.kept))

    @property
    def known(self) -> Mask:
        """Which channels ``expand`` restores, [channels]."""
        known = np.zeros(self.channels, np.bool_)
        known[self.kept] = True
        known[self.constant] = True
        return known

    def expand(self, computed: AnyArray | None, samples: int) -> I8:
        """Return the value as it was before; 0 in channels that are not known.

        Args:
            computed: int8 (S, *kept_shape); None if no channel is kept.
            samples: S.

        Returns:
            (S, *shape).
        """
        expanded = np.zeros((samples, *self.shape), np.int8)
        rows = expanded.reshape(-1, self.channels)
        rows[:, self.constant] = self.constants
        if computed is not None and len(self.kept):
            rows[:, self.kept] = computed.reshape(len(rows), len(self.kept))
        return expanded

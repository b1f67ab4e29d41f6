"""Channels of a depthwise convolution side by side in vectors of sixteen or eight bytes."""

from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import LoweringSite
from cnnc.ir.types import I64, Window

WIDE = 16
NARROW = 8


@dataclass(frozen=True)
class Blocks:
    """Channels side by side in vectors.

    Attributes:
        channels: Of the layer.
        pixels: Neighbouring outputs that lie in one vector.
        has_narrow: Whether vectors may have eight lanes.
        lanes_of_wide: Of the others.
    """

    channels: int
    pixels: int
    has_narrow: bool
    lanes_of_wide: int = WIDE

    @property
    def width(self) -> int:
        """Return the bytes that all blocks cover."""
        return self.channels * self.pixels

    @property
    def wide(self) -> int:
        """Return how many have most lanes; the last one may overlap with its neighbour."""
        whole, rest = divmod(self.width, self.lanes_of_wide)
        return whole + (rest > (NARROW if self.has_narrow else 0))

    @property
    def narrow(self) -> int:
        """Return how many have eight lanes."""
        return int(self.width > self.lanes_of_wide * self.wide)

    def lanes(self) -> list[I64]:
        """Return the channel of each lane of each block; those that do not exist are the first."""
        sizes = [self.lanes_of_wide] * self.wide + [NARROW] * self.narrow
        begins = [
            max(0, min(self.lanes_of_wide * i, self.width - size)) for i, size in enumerate(sizes)
        ]
        return [
            np.where(lanes < self.width, lanes, 0) % self.channels
            for begin, size in zip(begins, sizes, strict=True)
            for lanes in (np.arange(begin, begin + size),)
        ]


def choose_blocks(
    window: Window, site: LoweringSite, *, has_narrow: bool = False, lanes: int = WIDE
) -> Blocks:
    """Return how channels are divided; few channels of neighbouring outputs share a vector."""
    channels = site.output[3]
    pixels = lanes // channels if lanes % channels == 0 else 1
    is_merged = pixels <= site.output[2] and window.stride_cols == 1
    return Blocks(channels, pixels if is_merged else 1, has_narrow, lanes)


def rounded(size: int) -> int:
    """Return the next multiple of a vector's bytes."""
    return -(-size // WIDE) * WIDE

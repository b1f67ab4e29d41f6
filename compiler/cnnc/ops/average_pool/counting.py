"""Which taps of a window an average counts."""

from dataclasses import dataclass, replace

import numpy as np

from cnnc.ir.types import I64, AnyWindow, Shape
from cnnc.ops._pool_window import image_counts
from cnnc.ops._window import window_of


@dataclass(frozen=True)
class Counting:
    """A window with what counts of its padding.

    Attributes:
        window: Slides over two or three axes.
        count_include_pad: Whether padding counts.
        uncounted: How much of the end padding along each axis counts in no case; empty for none.
    """

    window: AnyWindow
    count_include_pad: bool
    uncounted: tuple[int, ...]

    def padded_extents(self, shape: Shape) -> tuple[int, ...]:
        """Return the extents of the padded image without what ceil_mode added."""
        along = zip(self.window.axes, shape[1:-1], self._uncounted(), strict=True)
        return tuple(
            extent + axis.pad_before + axis.pad_after - rest for axis, extent, rest in along
        )

    def kernel_extents(self, shape: Shape) -> tuple[int, ...]:
        """Return the fields ``counted_*`` of the kernels: zeros where padding does not count."""
        if self.count_include_pad:
            return self.padded_extents(shape)
        return (0,) * len(self.window.axes)

    def taps(self, shape: Shape) -> I64:
        """Return how many taps each window counts, one number for each output pixel."""
        if not self.count_include_pad:
            return image_counts(self.window, shape)
        axes = tuple(
            replace(axis, pad_before=0, pad_after=rest)
            for axis, rest in zip(self.window.axes, self._uncounted(), strict=True)
        )
        return image_counts(window_of(axes), (1, *self.padded_extents(shape), 1))

    def counts_padding(self, shape: Shape) -> bool:
        """Return whether any window counts padding."""
        return not np.array_equal(self.taps(shape), image_counts(self.window, shape))

    def _uncounted(self) -> tuple[int, ...]:
        return self.uncounted or (0,) * len(self.window.axes)

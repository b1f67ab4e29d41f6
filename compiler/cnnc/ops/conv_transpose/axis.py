"""One axis of a transposed convolution, and its phases (runtime/cnnc_transposed.h)."""

from dataclasses import dataclass

import numpy as np

from cnnc.ir.channels import Mask
from cnnc.ir.types import Shape


@dataclass(frozen=True)
class TransposedAxis:
    """How a transposed convolution spreads its operand along one axis.

    Input i adds through tap k to output i * stride + k * dilation - cut_before.

    Attributes:
        kernel: Taps, >= 1.
        stride: Distance of what two neighbouring inputs add to, >= 1.
        dilation: Distance of what two neighbouring taps add to, >= 1.
        cut_before: Outputs that are left out at the beginning, >= 0 (ONNX: its padding).
        added_after: Outputs added at the end, or left out where negative (ONNX: output_padding
            less the padding at the end).
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    cut_before: int = 0
    added_after: int = 0

    def __post_init__(self) -> None:
        if min(self.kernel, self.stride, self.dilation) < 1:
            raise ValueError(f"kernel, stride and dilation must be at least 1: {self}")
        if self.cut_before < 0:
            raise ValueError(f"outputs that are cut must not be negative: {self}")

    @property
    def span(self) -> int:
        """Outputs that one input reaches: K + (K-1)(D-1)."""
        return (self.kernel - 1) * self.dilation + 1

    def full_extent(self, extent: int) -> int:
        """Return (W - 1) S + F, the outputs that W inputs reach."""
        return (extent - 1) * self.stride + self.span

    def output_extent(self, extent: int) -> int:
        """Return how many outputs are kept; may be <= 0."""
        return self.full_extent(extent) - self.cut_before + self.added_after

    def inputs_for(self, outputs: int) -> int:
        """Return how many inputs reach that many outputs of the full result."""
        return max(-(-(outputs - self.span) // self.stride), 0) + 1

    def phase_taps(self, phase: int) -> list[int]:
        """Return the taps that outputs p with (p + cut_before) % stride = phase see, ascending."""
        return [tap for tap in range(self.kernel) if tap * self.dilation % self.stride == phase]

    def place(self, tap: int, extent: int) -> tuple[slice, slice]:
        """Return the inputs that add to an output through a tap, and these outputs."""
        offset = tap * self.dilation - self.cut_before
        first = max(0, -(offset // self.stride))
        end = min(extent, (self.output_extent(extent) - 1 - offset) // self.stride + 1)
        if end <= first:
            return slice(0, 0), slice(0, 0)
        start = first * self.stride + offset
        stop = (end - 1) * self.stride + offset + 1
        return slice(first, end), slice(start, stop, self.stride)

    def seen(self, extent: int) -> Mask:
        """Return which taps each output sees, [outputs][taps]."""
        taken = np.zeros((self.output_extent(extent), self.kernel), np.bool_)
        for tap in range(self.kernel):
            taken[self.place(tap, extent)[1], tap] = True
        return taken


Axes = tuple[TransposedAxis, ...]
"""Rows and columns, or planes, rows and columns."""


def output_extents(axes: Axes, extents: Shape) -> Shape:
    """Return the extents of the result."""
    pairs = zip(axes, extents, strict=True)
    return tuple(axis.output_extent(extent) for axis, extent in pairs)


def place(axes: Axes, tap: Shape, extents: Shape) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the inputs that add to an output through a tap, and these outputs, for all axes."""
    along = zip(axes, tap, extents, strict=True)
    inputs, outputs = zip(*(axis.place(k, extent) for axis, k, extent in along), strict=True)
    return inputs, outputs

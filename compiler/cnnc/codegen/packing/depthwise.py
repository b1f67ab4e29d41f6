"""Depthwise 3x3 in strips (runtime/kernels/depthwise_conv2d/cnnc_depthwise_strip_dsp.h).

A strip runs along one axis of the image, its positions, and is some lines of the other axis high.
Either axis may be the positions': the cheaper one is taken. Positions are computed in blocks that
fit the planes.
"""

from dataclasses import dataclass, replace

import numpy as np

from cnnc.ir.types import I8, I64, INT8_MAX, INT8_MIN, Shape, Window

TAPS = 3
STRIP_CHANNELS = 4
STRIP_SHIFT = 12
"""S of ``proven_scale``: exact for multipliers of 2^-5 down to 2^-12."""
SCRATCH_WORDS = STRIP_CHANNELS * 9 + 573
"""The constants of four channels and planes."""
_PLANE_POSITIONS = 32
_STRIP_INPUT_LINES = 6
_MINIMUM_POSITIONS = 2
"""Two positions are expanded and computed at a time."""


@dataclass(frozen=True)
class Axis:
    """One axis of the image under the window.

    Attributes:
        inputs: Extent of the image.
        outputs: Extent of the result.
        stride: Of the window.
        pad: Padding before the image.
        input_step: Elements from one to the next in the image.
        output_step: Likewise in the result.
    """

    inputs: int
    outputs: int
    stride: int
    pad: int
    input_step: int
    output_step: int


@dataclass(frozen=True)
class StripPlan:
    """How the image is cut.

    Attributes:
        lines: Across the strips.
        positions: Along them.
        by_columns: Whether lines are the image's columns.
        block: Output positions of a block; the last one may have fewer.
    """

    lines: Axis
    positions: Axis
    by_columns: bool
    block: int

    @property
    def can_run(self) -> bool:
        """Whether every block has as many positions, and as many in the image, as a step needs."""
        return all(
            min(count, inside) >= _MINIMUM_POSITIONS for count, inside in self._blocks_inside()
        )

    def _blocks_inside(self) -> list[tuple[int, int]]:
        """Return for each block how many outputs and how many positions of the image it has."""
        axis, found = self.positions, []
        for first in range(0, axis.outputs, self.block):
            count = min(self.block, axis.outputs - first)
            begin = first * axis.stride - axis.pad
            end = begin + (count - 1) * axis.stride + TAPS
            found.append((count, min(end, axis.inputs) - max(begin, 0)))
        return found

    def instructions(self, channels: int) -> int:
        """Return the estimate for one image."""
        return sum(self._block_instructions(*block, channels) for block in self._blocks_inside())

    def _block_instructions(self, count: int, inside: int, channels: int) -> int:
        lines, stride = self.lines.outputs, self.lines.stride
        strips = -(-lines * stride // _STRIP_INPUT_LINES)
        pairs = -(-lines // 2) + 1 if stride == 1 else lines + 1
        steps = -(-count // 2)
        expand = pairs * (48 + 24 * -(-inside // 2)) + strips * 150
        if stride == 1:
            line_steps = lines // 2 * (48 * steps + 22) + lines % 2 * (30 * steps + 22)
        else:
            line_steps = lines * (29 * steps + 24)
        per_channel = strips * 26 + line_steps + 48
        return -(-channels // STRIP_CHANNELS) * expand + channels * per_channel


def plan_strips(window: Window, source: Shape, result: Shape) -> StripPlan | None:
    """Return the cheapest way to cut the image, or None where it is too small.

    Args:
        window: 3x3, one stride, no dilation.
        source: [batch][row][col][channel].
        result: [batch][row][col][channel].
    """
    channels = source[3]
    row, col = window.stride_rows, window.stride_cols
    row_step, result_row_step = source[2] * channels, result[2] * channels
    rows = Axis(source[1], result[1], row, window.pad_top, row_step, result_row_step)
    cols = Axis(source[2], result[2], col, window.pad_left, channels, channels)
    plans = [_balanced(StripPlan(rows, cols, False, 1)), _balanced(StripPlan(cols, rows, True, 1))]
    possible = [plan for plan in plans if plan.can_run]
    return min(possible, key=lambda plan: plan.instructions(channels), default=None)


def _balanced(plan: StripPlan) -> StripPlan:
    axis = plan.positions
    largest = (_PLANE_POSITIONS - TAPS) // axis.stride + 1
    blocks = -(-axis.outputs // largest)
    return replace(plan, block=-(-axis.outputs // blocks))


def strip_weights(weight: I8, plan: StripPlan) -> I8:
    """Return weights [kernel_row][kernel_col][channel] as [channel][position tap][line tap]."""
    axes = (2, 0, 1) if plan.by_columns else (2, 1, 0)
    return np.ascontiguousarray(weight.transpose(axes))


def sum_range(weight: I8, bias: I64) -> tuple[I64, I64]:
    """Return the least and the greatest sum of each channel for any int8 input.

    Args:
        weight: [kernel_row][kernel_col][channel].
        bias: int64 [channel], what the sum starts from.
    """
    wide = weight.astype(np.int64)
    ends = (wide * INT8_MIN, wide * INT8_MAX)
    low: I64 = bias + np.minimum(*ends).sum(axis=(0, 1))
    high: I64 = bias + np.maximum(*ends).sum(axis=(0, 1))
    return low, high

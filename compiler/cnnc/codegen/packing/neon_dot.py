"""Weights and channels for AArch64's dot products, see runtime/cnnc_rows_neon_dot.h.

A sum is multiplied by VQRDMULH and shifted by VRSHL (VQDMULH where it is rounded once), and what
comes out is taken as 16 bits without a check: layers of which an input could pass them, layers with
shifts that are not negative where they have to be, and those with fewer than four output channels
are scaled one by one.
"""

from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import ConstantArgument, LoweringSite, geometry
from cnnc.ir.types import I8, I32, INT8_MAX, INT8_MIN, Window
from cnnc.ops._requantize import QuantWeightedOp, accumulator_bounds, weight_sums

VECTOR = 16
QUAD = 4
"""Products that are added by one instruction for each output channel."""
TILE = 4
"""Rows that share loads of weights."""
_WIDTHS = (16, 8, 4)
_SIGNED, _SINGLE, _FROM_ZERO, SUMS = 1, 2, 4, 8
_HALVES = 2.0**15 - 512
"""Scaled sums that have room for the zero point."""


_LEAST_LINES = 4
"""Of output: lines of the image that two of them see would be copied too often."""
_LEAST_COPIED, _MOST_COPIED = 8192, 32768
"""Bytes of an image or of patches at a time, if one line is not more: they stay in the cache."""
SLACK_BYTES = 64
"""Copies are rounded up to vectors."""


@dataclass(frozen=True)
class Lines:
    """Lines of the image that a number of output lines see.

    Attributes:
        padded_cols: Of a copy with padding; 0 where the image can be read where it is.
        copied_bytes: Of the copy.
        instructions: To copy all of the layer's lines.
    """

    padded_cols: int
    copied_bytes: int
    instructions: int

    @classmethod
    def of(cls, window: Window, site: LoweringSite, at_once: int) -> "Lines":
        """Return what is copied for so many output lines at once."""
        batch, rows, cols, depth = geometry(site.inputs[0])
        _, output_rows, output_cols, _ = geometry(site.output)
        span_rows = (output_rows - 1) * window.stride_rows + window.span_rows
        span_cols = (output_cols - 1) * window.stride_cols + window.span_cols
        if not (window.pad_top or window.pad_left or span_rows > rows or span_cols > cols):
            return cls(0, 0, 0)
        lines = (at_once - 1) * window.stride_rows + window.span_rows
        times = batch * -(-output_rows // at_once)
        by_line = span_cols * depth // 13 + 40
        return cls(span_cols, lines * span_cols * depth, times * lines * by_line)


def copied_bytes(weight_bytes: int) -> int:
    """Return how much is copied at a time: what is worth reading so many weights again."""
    return min(max(weight_bytes, _LEAST_COPIED), _MOST_COPIED)


def lines_at_once(window: Window, site: LoweringSite, weight_bytes: int) -> int:
    """Return for how many output lines the image's lines are copied together."""
    depth = site.inputs[0][3]
    _, output_rows, output_cols, _ = geometry(site.output)
    span_cols = (output_cols - 1) * window.stride_cols + window.span_cols
    room = copied_bytes(weight_bytes) // (span_cols * depth) - window.span_rows
    return min(output_rows, max(max(room, 0) // window.stride_rows + 1, _LEAST_LINES))


@dataclass(frozen=True)
class Blocks:
    """How the output channels are divided, see cnnc_layer_neon_dot.h.

    Attributes:
        channels: Output channels.
        wide: Blocks of 16.
        late_wide: 1 if there is another one that ends with the last channel.
        eights: Blocks of 8.
        fours: Blocks of 4.
    """

    channels: int
    wide: int
    late_wide: int
    eights: int
    fours: int

    @classmethod
    def of(cls, channels: int) -> "Blocks":
        """Return the blocks that take the fewest instructions."""
        wide, rest = divmod(channels, VECTOR)
        if rest > 12:
            return cls(channels, wide, 1, 0, 0) if wide else cls(channels, 0, 0, 2, 0)
        if rest > 8:
            return cls(channels, wide, 0, 1, 1)
        if rest > 4:
            return cls(channels, wide, 0, 1, 0) if channels >= 8 else cls(channels, 0, 0, 0, 2)
        return cls(channels, wide, 0, 0, int(rest > 0))

    def parts(self) -> list[tuple[int, int]]:
        """Return where each block begins and its width, in order."""
        widths = [16] * (self.wide + self.late_wide) + [8] * self.eights + [4] * self.fours
        found: list[tuple[int, int]] = []
        channel = 0
        for width in widths:
            channel = min(channel, max(self.channels - width, 0))
            found.append((channel, width))
            channel += width
        return found

    def parameters(self) -> dict[str, int]:
        """Return the kernels' fields."""
        return {
            "wide_blocks": self.wide,
            "has_late_wide_block": self.late_wide,
            "eight_blocks": self.eights,
            "four_blocks": self.fours,
        }


def over_read_bytes(bytes_: int) -> int:
    """Return how far reading so many bytes by vectors may pass their end."""
    return -bytes_ % VECTOR


def quads(segment_bytes: int) -> int:
    """Return how many quads a segment takes."""
    return -(-segment_bytes // QUAD)


def layer_parameters(op: QuantWeightedOp, site: LoweringSite) -> dict[str, int]:
    """Return the kernels' fields that say how channels are divided and scaled."""
    blocks = Blocks.of(len(op.bias))
    return {**blocks.parameters(), "scaling": scaling(op, site), **op.output_parameters()}


def scaling(op: QuantWeightedOp, site: LoweringSite) -> int:
    """Return the mask that says how sums become results."""
    bounds = accumulator_bounds(op.weight, op.bias, op.channel_axis).astype(np.float64)
    shifts = _shifts(op)
    fits = bool((bounds * op.multipliers * 2.0 ** (shifts - 31) < _HALVES).all())
    if len(op.bias) < QUAD or not fits or (shifts > 0).any():
        return SUMS
    from_zero = (op.output_zero_point, op.minimum, op.maximum) == (INT8_MIN, INT8_MIN, INT8_MAX)
    mask = _FROM_ZERO if from_zero else 0
    if site.rounding == "double" and op.minimum >= op.output_zero_point:
        return mask
    if (shifts == 0).any():
        return SUMS
    return mask | (_SINGLE if site.rounding == "single" else _SIGNED)


def channel_constants(
    op: QuantWeightedOp, weights: I8
) -> tuple[ConstantArgument, ConstantArgument]:
    """Return weights and channels of a layer.

    Args:
        op: The layer; its weights as [out][...] are in the order of ``weights``.
        weights: [out][segment][bytes].
    """
    channels, segments, segment_bytes = weights.shape
    rows = np.zeros((max(channels, QUAD), segments, QUAD * quads(segment_bytes)), np.int8)
    rows[:channels, :, :segment_bytes] = weights
    constants = np.zeros((3, len(rows)), np.int32)
    constants[:, :channels] = constants_of_channels(op)
    parts = Blocks.of(channels).parts()
    packed = [_packed(rows[begin : begin + width]) for begin, width in parts]
    numbers = [constants[:, begin : begin + width].reshape(-1) for begin, width in parts]
    return (
        ConstantArgument("weights", np.concatenate(packed), 64),
        ConstantArgument("channels", np.concatenate(numbers), 64),
    )


def constants_of_channels(op: QuantWeightedOp) -> I32:
    """Return [3][channel]: biases with the zero point folded in, multipliers, shifts."""
    folded = op.bias - op.input_zero_point * weight_sums(op.weight, op.channel_axis)
    return np.stack([folded.astype(np.int32), op.multipliers, _shifts(op)])


def _shifts(op: QuantWeightedOp) -> I32:
    shifts: I32 = np.where(op.multipliers == 0, -1, op.shifts).astype(np.int32)
    return shifts


def _packed(rows: I8) -> I8:
    """Return [channel][segment][bytes] as [segment][quad][channel][4]."""
    width, segments, _ = rows.shape
    order = rows.reshape(width, segments, -1, QUAD).transpose(1, 2, 0, 3)
    return np.ascontiguousarray(order).reshape(-1)


def line_instructions(channels: int, rows: int, segments: int, segment_bytes: int) -> int:
    """Return what all channels of a line of rows take."""
    tiles, rest = divmod(rows, TILE)
    widths = [width for _, width in Blocks.of(channels).parts()]
    full, tail = divmod(quads(segment_bytes), QUAD)
    total = 0
    for width in widths:
        vectors = width // QUAD
        for count, times in ((TILE, tiles), (rest, int(rest > 0))):
            vector = count * QUAD * vectors + vectors + count
            last = tail * (count * vectors + 2) + count
            by_segment = full * vector + full // 2 + last + count + 6
            finish = count * (5 + 3 * vectors) + 14 + count
            total += times * (segments * by_segment + finish)
        total += 15
    return total + 60

"""Blocks of output channels as runtime/cnnc_armv6simd.h describes them.

Weights become halfwords w 2^k, so that a sum arrives as 2^k x and its int8 is a product's high
word, a constant and a shift away:

    g(x) = ssat8((floor(2^k x m / 2^32) + c - (x < 0 ? s : 0)) >> (n + k - 1))

With z = x m / 2^31 the rule (spec 2.1, 2.2) is floor((floor(z + 1/2) - (x < 0) + 2^(n-1)) / 2^n);
nested floors are exact, so g is the rule with c = 2^(k-2) + 2^(n+k-2) + zero_point 2^(n+k-1) and
s = 2^(k-1), where x < 0 but floor(z + 1/2) = 0 included because n >= 1 then. Without right shift
(n <= 0) s is 0, and in single rounding (spec 2.3) c has no 2^(k-2) and s is 0.

- **exact**: that, with k as large as the sums leave room for.
- **line**: s = 0 and n + k - 1 = 12 for all channels. For sums of 0 or more it is the rule; where
  no result below the zero point is seen, and in single rounding, it gives the same bytes.
"""

from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import LoweringSite
from cnnc.ir.types import I8, I32, I64, INT8_MAX, INT8_MIN, Rounding, Window
from cnnc.ops._requantize import QuantWeightedOp

WORD = 4
"""Inputs that SXTB16 expands at a time."""
LINE_SHIFT = 12
_LEAST_SCALE, _MOST_SCALE = 2, 8
"""k: 2^(k-2) is an integer, and an int8 weight times 2^k is an int16."""
_MOST_SHIFT = 22
"""A zero point shifted by it leaves room for the product in 32 bits."""
_SUM_BITS = 31
_PACKED_WORDS = 2**18
"""Words of weights that are packed together."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Weights and constants of all channels in the order that a kernel reads.

    Attributes:
        words: int32, block by block.
        exact: Whether sums are scaled by the exact formula.
    """

    words: I32
    exact: bool


@dataclass(frozen=True)
class Runs:
    """What a pixel's inputs have in one piece in the image.

    Attributes:
        kernel_rows: Kernel rows.
        per_row: Runs in a kernel row: one, or one a tap where taps are apart.
        bytes: Of a run.
    """

    kernel_rows: int
    per_row: int
    bytes: int

    @classmethod
    def of(cls, window: Window, channels: int) -> "Runs":
        """Return the runs of a window over an image with that many channels."""
        if window.dilation_cols > 1 and window.kernel_cols > 1:
            return cls(window.kernel_rows, window.kernel_cols, channels)
        return cls(window.kernel_rows, 1, window.kernel_cols * channels)

    @property
    def words(self) -> int:
        """Words that hold a run."""
        return -(-self.bytes // WORD)

    @property
    def depth(self) -> int:
        """Inputs of an output pixel, those without weight included."""
        return self.kernel_rows * self.per_row * self.words * WORD

    def order(self, weight: I8) -> I8:
        """Return weights with zeros behind each run.

        Args:
            weight: [out][kernel_row][kernel_col][in].

        Returns:
            [out][depth].
        """
        runs = weight.reshape(len(weight), self.kernel_rows * self.per_row, self.bytes)
        rest = self.words * WORD - self.bytes
        return np.pad(runs, ((0, 0), (0, 0), (0, rest))).reshape(len(weight), self.depth)


@dataclass(frozen=True, eq=False)
class _Scaling:
    """Constants of one formula, int64 [channels] each.

    Attributes:
        scales: k.
        multipliers: m, or a part of it.
        constants: c.
        signs: s.
        shifts: n + k - 1.
        exact: Whether it is the exact formula.
    """

    scales: I64
    multipliers: I64
    constants: I64
    signs: I64
    shifts: I64
    exact: bool


def pack_blocks(
    op: QuantWeightedOp, ordered: I8, size: int, site: LoweringSite, *, in_fours: bool = True
) -> Blocks | str:
    """Return a layer's blocks, or why its sums cannot be scaled.

    Args:
        op: The layer.
        ordered: Its weights in the order of inputs, [out][depth], depth a multiple of 4, or of 2.
        size: Channels of a block. The last block holds the last channels, some for the second
            time; where there are fewer in all, channels without weights fill it up.
        site: Where it is.
        in_fours: Whether a word holds inputs 0 and 2, or 1 and 3, of four, as SXTB16 expands them;
            otherwise it holds two neighbours.
    """
    bias = op.bias - op.input_zero_point * ordered.sum(axis=1, dtype=np.int64)
    most = _largest_sums(ordered, bias)
    if np.any(most > 1 << (_SUM_BITS - _LEAST_SCALE)):
        return f"an accumulator may pass {_SUM_BITS - _LEAST_SCALE} bits"
    scaling = _line(op, most, site.rounding) or _exact(op, most, site.rounding)
    if scaling is None:
        return "no scale of the weights gives the shifts of all output channels"
    numbers = np.concatenate([(bias << scaling.scales)[:, np.newaxis], _constants(scaling)], axis=1)
    words = _in_blocks(ordered, scaling.scales, numbers, size, in_fours)
    return Blocks(words, scaling.exact)


def _line(op: QuantWeightedOp, most: I64, rounding: Rounding) -> _Scaling | None:
    if rounding == "double" and op.minimum < op.output_zero_point:
        return None
    zero = op.multipliers == 0
    scales = np.where(zero, _LEAST_SCALE, LINE_SHIFT + 1 + op.shifts.astype(np.int64))
    if np.any(scales < _LEAST_SCALE) or np.any(scales > _most_scales(most)):
        return None
    constants = np.left_shift(1, scales - 2) if rounding == "double" else np.zeros_like(scales)
    constants = constants + (op.output_zero_point << LINE_SHIFT) + (1 << (LINE_SHIFT - 1))
    return _Scaling(
        scales=scales,
        multipliers=op.multipliers.astype(np.int64),
        constants=constants,
        signs=np.zeros_like(scales),
        shifts=np.full_like(scales, LINE_SHIFT),
        exact=False,
    )


def _exact(op: QuantWeightedOp, most: I64, rounding: Rounding) -> _Scaling | None:
    zero = op.multipliers == 0
    right = np.where(zero, 1, -op.shifts.astype(np.int64))
    scales = np.minimum(_most_scales(most), _MOST_SHIFT + 1 - right)
    # A left shift is a scale, too; what is left of it must hold the rounding's fraction.
    if np.any(np.minimum(scales, scales + right) < _LEAST_SCALE):
        return None
    fraction = scales + np.minimum(right, 0)
    shifts = right + scales - 1
    constants = np.left_shift(1, shifts - 1) + (op.output_zero_point << shifts)
    signs = np.zeros_like(scales)
    if rounding == "double":
        constants = constants + np.where(right > 0, np.left_shift(1, fraction - 2), 0)
        signs = np.where(right > 0, np.left_shift(1, scales - 1), 0)
    return _Scaling(
        scales=scales,
        multipliers=op.multipliers.astype(np.int64),
        constants=constants,
        signs=signs,
        shifts=shifts,
        exact=True,
    )


def _most_scales(most: I64) -> I64:
    """Return the largest k that leaves sums in 32 bits."""
    bits = np.ceil(np.log2(np.maximum(most, 1))).astype(np.int64)
    scales: I64 = np.minimum(_MOST_SCALE, _SUM_BITS - bits)
    return scales


def _constants(scaling: _Scaling) -> I64:
    columns = [scaling.multipliers, scaling.constants]
    if scaling.exact:
        columns += [scaling.signs, scaling.shifts]
    return np.stack(columns, axis=1)


def _largest_sums(ordered: I8, bias: I64) -> I64:
    """Return how far from zero each channel's sums can be, over all int8 inputs."""
    positive = np.maximum(ordered, 0).sum(axis=1, dtype=np.int64)
    negative = ordered.sum(axis=1, dtype=np.int64) - positive
    low = bias + INT8_MIN * positive + INT8_MAX * negative
    high = bias + INT8_MAX * positive + INT8_MIN * negative
    most: I64 = np.maximum(-low, high + 1)
    return most


def _in_blocks(ordered: I8, scales: I64, numbers: I64, size: int, in_fours: bool) -> I32:
    """Return blocks; numbers are the initial sum and the constants, [channels][n]."""
    missing = max(size - len(ordered), 0)
    if missing:
        ordered = np.pad(ordered, ((0, missing), (0, 0)))
        scales = np.pad(scales, (0, missing))
        numbers = np.pad(numbers, ((0, missing), (0, 0)))
    chosen = _block_channels(len(ordered), size)
    rows = numbers.astype(np.int32)[chosen]
    half = ordered.shape[1] // 2
    blocks = np.empty((len(chosen), size * (half + rows.shape[2])), np.int32)
    blocks[:, :size] = rows[:, :, 0]
    blocks[:, size * (1 + half) :] = rows[:, :, 1:].reshape(len(chosen), -1)
    # Some at a time: the weights of a large layer are a good part of the memory there is.
    step = max(_PACKED_WORDS // (size * half), 1)
    for first in range(0, len(chosen), step):
        some = chosen[first : first + step]
        words = _words(ordered[some], scales[some], in_fours)
        place = blocks[first : first + step, size : size * (1 + half)]
        place[:] = words.transpose(0, 2, 1).reshape(len(some), -1)
    return blocks.reshape(-1)


def _words(weights: I8, scales: I64, in_fours: bool) -> I32:
    """Return scaled weights [blocks][channels][depth] as words of two halves."""
    blocks, channels, depth = weights.shape
    halves = weights.astype(np.int16) << scales[:, :, np.newaxis].astype(np.int16)
    if in_fours:
        fours = halves.reshape(blocks, channels, depth // WORD, 2, 2)
        halves = fours.transpose(0, 1, 2, 4, 3)
    words: I32 = np.ascontiguousarray(halves).view(np.int32)
    return words.reshape(blocks, channels, depth // 2)


def _block_channels(channels: int, size: int) -> I64:
    """Return the channels of each block, [blocks][size]; the last one goes back."""
    starts = np.minimum(np.arange(0, channels, size, dtype=np.int64), channels - size)
    chosen: I64 = starts[:, np.newaxis] + np.arange(size)
    return chosen

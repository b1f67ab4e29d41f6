"""Constants that let few instructions of Armv7E-M requantize exactly.

What a channel's accumulator x becomes, y = clamp(MBQM(x, m, shift) + zero_point), is a staircase
of at most 256 levels. Two staircases are equal if each level begins at the same x. So constants
are proven on the ends of the steps, found by the reference arithmetic itself, whatever formula an
instruction sequence computes; and a formula that would not be exact everywhere may be used where
it is exact within the bounds of this channel's accumulator. Two formulas:

- **line**: y = ssat8((floor((u x + offset) M / 2^32) + c) >> s), where u is 1 or 256, with the
  same s for all channels. One multiplication, and a saturation that shifts. Exact ones exist
  where the reference rounds once, or where no negative result matters (fused ReLU): the
  reference is then a straight line itself.
- **exact**: y = ssat8((floor(256 x m / 2^32) + c - (x < 0 ? sign : 0)) >> (n + 7)) for
  n = -shift >= 1: the reference with nested floors joined. With z = x m / 2^31,
  SRDHM = floor(z + 1/2) and RDBPOT adds 2^(n-1), less 1 below zero (spec 2.1, 2.2), so
  c = 2^6 + 2^(n+6) and sign = 2^7; single rounding (spec 2.3) has c = 2^(n+6) and no sign. The
  zero point joins c.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import I64, Rounding
from cnnc.quantize.fixed_point import INT32_MAX, INT32_MIN, Arithmetic

EXACT_UNIT_BITS = 8
"""The exact formula reads 256 x."""
EXACT_SIGN = 1 << (EXACT_UNIT_BITS - 1)
_LARGEST_EXACT_SHIFT = 16
"""A larger n loses low bits of the multiplier, so that the zero point stays within int32."""
_SLOPES_TRIED = 48
_OFFSETS_TRIED = 1 << 19
_OFFSET_CHUNK = 1 << 14

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Requantization:
    """How a layer's accumulators become int8, and what they can be.

    Attributes:
        multipliers: int64 [channels], 0 or 2^30..2^31-1.
        shifts: int64 [channels], -31..30.
        zero_point: Of the output.
        minimum: Lower clamp, -128..127.
        maximum: Upper clamp.
        rounding: Of the model.
        low: int64 [channels], least accumulator for any int8 input, folded bias included.
        high: int64 [channels], greatest one.
    """

    multipliers: I64
    shifts: I64
    zero_point: int
    minimum: int
    maximum: int
    rounding: Rounding
    low: I64
    high: I64

    def channel(self, index: int) -> "Requantization":
        """Return one channel's."""
        one = slice(index, index + 1)
        return replace(
            self,
            multipliers=self.multipliers[one],
            shifts=self.shifts[one],
            low=self.low[one],
            high=self.high[one],
        )

    def fault(self) -> str | None:
        """Return why neither formula can be used, or None."""
        if np.any(self.low <= INT32_MIN) or np.any(self.high > INT32_MAX):
            return "an accumulator may pass int32"
        if np.any(self.shifts[self.multipliers != 0] > -1):
            return "an output scale of at most twice the accumulator's shifts left"
        return None

    def values(self, accumulators: I64) -> I64:
        """Return the reference's int8 values, [channels][n] -> the same shape."""
        result = Arithmetic(self.rounding).requantize(
            accumulators,
            self.multipliers[:, np.newaxis],
            self.shifts[:, np.newaxis],
            self.zero_point,
            (self.minimum, self.maximum),
        )
        return result.astype(np.int64)

    def levels(self) -> I64:
        """Return the values above the minimum, [levels]."""
        return np.arange(self.minimum + 1, self.maximum + 1, dtype=np.int64)

    def steps(self) -> I64:
        """Return the least accumulator that gives each level, [channels][levels].

        It is ``low`` for a level that all accumulators reach, ``high + 1`` for one that none does.
        """
        levels = self.levels()
        shape = (len(self.low), len(levels))
        below = np.broadcast_to(self.low[:, np.newaxis] - 1, shape).copy()
        reached = np.broadcast_to(self.high[:, np.newaxis] + 1, shape).copy()
        while np.any(reached - below > 1):
            middle = (below + reached) >> 1
            inside = reached - below > 1
            enough = self.values(middle) >= levels
            reached = np.where(inside & enough, middle, reached)
            below = np.where(inside & ~enough, middle, below)
        return reached


@dataclass(frozen=True)
class Line:
    """Constants of the line formula for one channel.

    Attributes:
        multiplier: M, 0..2^31-1.
        offset: Added to u x; belongs into the initial value of the accumulator.
        constant: c, int32.
    """

    multiplier: int
    offset: int
    constant: int


@dataclass(frozen=True, eq=False)
class Exact:
    """Constants of the exact formula, int64 [channels] each.

    Attributes:
        multipliers: m.
        constants: c.
        shifts: n + 7, 8..31.
        sign: Taken off below zero, the same for all channels.
    """

    multipliers: I64
    constants: I64
    shifts: I64
    sign: int


def fit_exact(requantization: Requantization) -> Exact | str:
    """Return constants of the exact formula, proven, or why there are none."""
    fault = requantization.fault()
    if fault is not None:
        return fault
    if max(-int(requantization.low.min()), int(requantization.high.max())) >= 1 << 23:
        return "an accumulator may pass 24 bits"
    found = _exact(requantization)
    # Where low bits of a multiplier were lost, the next larger one may be nearer.
    raised = found.multipliers + ~_exact_channels(requantization, found)
    found = replace(found, multipliers=np.minimum(raised, INT32_MAX))
    if not np.all(_exact_channels(requantization, found)):
        return "a multiplier is too small to be exact in 32 bits"
    return found


def _exact(requantization: Requantization) -> Exact:
    zero = requantization.multipliers == 0
    n = np.where(zero, 1, -requantization.shifts)
    lost = np.maximum(n - _LARGEST_EXACT_SHIFT, 0)
    n = n - lost
    double = requantization.rounding == "double"
    half = 1 << (EXACT_UNIT_BITS - 2) if double else 0
    rounding = half + np.left_shift(np.int64(1), n + EXACT_UNIT_BITS - 2)
    total = n + EXACT_UNIT_BITS - 1
    return Exact(
        multipliers=requantization.multipliers >> lost,
        constants=rounding + np.left_shift(np.int64(requantization.zero_point), total),
        shifts=total,
        sign=EXACT_SIGN if double else 0,
    )


def _exact_channels(requantization: Requantization, exact: Exact) -> Mask:
    """Return which channels have the reference's steps, [channels]."""

    def values(x: I64) -> I64:
        scaled = (x << EXACT_UNIT_BITS) * exact.multipliers[:, np.newaxis] >> 32
        raised = scaled + exact.constants[:, np.newaxis] - np.where(x < 0, exact.sign, 0)
        if np.any(raised < INT32_MIN) or np.any(raised > INT32_MAX):
            return np.full_like(x, INT32_MAX)
        shifted: I64 = raised >> exact.shifts[:, np.newaxis]
        return shifted

    steps, levels = requantization.steps(), requantization.levels()
    high = requantization.high[:, np.newaxis]
    low = requantization.low[:, np.newaxis]
    reaches = (values(np.minimum(steps, high)) >= levels) | (steps > high)
    misses = (values(np.maximum(steps - 1, low)) < levels) | (steps <= low)
    proven: Mask = np.all(reaches & misses, axis=1)
    return proven


def fit_lines(
    requantization: Requantization, channel: int, unit: int, shift: int
) -> Iterator[Line]:
    """Yield constants of the line formula for one channel, each proven on every step.

    Args:
        requantization: The layer.
        channel: Which channel.
        unit: u, a power of two; what the accumulator holds is u x + offset.
        shift: s.
    """
    problem = _LineProblem.of(requantization, channel, unit, shift)
    for multiplier in problem.slopes():
        yield from problem.lines(multiplier)


def fit_line_through(
    requantization: Requantization, channel: int, unit: int, shift: int, constant: int
) -> Line | None:
    """Return the same with a given constant c, or None where no slope that was tried fits."""
    problem = _LineProblem.of(requantization, channel, unit, shift)
    for multiplier in problem.slopes():
        line = problem.line_through(multiplier, constant)
        if line is not None:
            return line
    return None


@dataclass(frozen=True, eq=False)
class _LineProblem:
    """M u x + intercept must be at least level 2^bits at each step, and less just below it.

    Attributes:
        slope: Real slope times 2^bits, rounded.
        extremes: u x of the least and greatest accumulator.
        at_steps: u x at the steps that are reached, int64.
        lower: level 2^bits there.
        below_steps: u x just below the steps that are not below all accumulators.
        upper: level 2^bits there.
    """

    slope: int
    extremes: tuple[int, int]
    at_steps: I64
    lower: I64
    below_steps: I64
    upper: I64

    @classmethod
    def of(
        cls, requantization: Requantization, channel: int, unit: int, shift: int
    ) -> "_LineProblem":
        one = requantization.channel(channel)
        bits = 32 + shift
        steps, targets = one.steps()[0], one.levels() << bits
        low, high = int(one.low[0]), int(one.high[0])
        exponent = bits - 31 + int(one.shifts[0])
        scaled = (int(one.multipliers[0]) << 32) >> (32 - exponent)
        reached, missed = steps <= high, steps > low
        return cls(
            slope=(scaled + unit // 2) // unit,
            extremes=(unit * low, unit * high),
            at_steps=unit * steps[reached],
            lower=targets[reached],
            below_steps=unit * (steps[missed] - 1),
            upper=targets[missed],
        )

    def slopes(self) -> list[int]:
        nearest = sorted(range(-_SLOPES_TRIED, _SLOPES_TRIED + 1), key=abs)
        return [self.slope + d for d in nearest if 0 < self.slope + d <= INT32_MAX]

    def lines(self, multiplier: int) -> Iterator[Line]:
        """Yield lines of one slope; their offsets are not negative."""
        least, most = self._intercepts(multiplier)
        for offset in _offsets_within(multiplier, least, most):
            line = Line(multiplier, offset, (most - offset * multiplier) >> 32)
            if self._fits(line):
                yield line

    def line_through(self, multiplier: int, constant: int) -> Line | None:
        """Return the line of one slope and constant with the smallest offset that is enough."""
        least, most = self._intercepts(multiplier)
        offset = -((constant * 2**32 - least) // multiplier)
        line = Line(multiplier, offset, constant)
        enough = offset * multiplier + constant * 2**32 <= most
        return line if enough and self._fits(line) else None

    def _intercepts(self, multiplier: int) -> tuple[int, int]:
        """Return the least and the greatest intercept that is exact; none where it is less."""
        if multiplier * max(map(abs, self.extremes)) >= 1 << 62:
            return 1, 0  # Far beyond all levels, and beyond what these arrays hold.
        least = np.max(self.lower - multiplier * self.at_steps, initial=-(1 << 62))
        beyond = np.min(self.upper - multiplier * self.below_steps, initial=1 << 62)
        return int(least), int(beyond) - 1

    def _fits(self, line: Line) -> bool:
        """Whether no intermediate result passes int32."""
        ends = [extreme + line.offset for extreme in self.extremes]
        sums = [(end * line.multiplier >> 32) + line.constant for end in ends]
        numbers = [*ends, *sums, line.constant]
        return all(INT32_MIN <= number <= INT32_MAX for number in numbers)


def _offsets_within(multiplier: int, least: int, most: int) -> Iterator[int]:
    """Yield each offset with offset * multiplier + c 2^32 in [least, most] for some c."""
    if least > most:
        return
    for start in range(0, _OFFSETS_TRIED, _OFFSET_CHUNK):
        offsets = np.arange(start, start + _OFFSET_CHUNK, dtype=np.int64)
        # The distance from the next multiple of 2^32 down to most.
        rest = (most - offsets * multiplier) & 0xFFFFFFFF
        for hit in np.flatnonzero(rest <= most - least).tolist():
            yield start + hit

"""Requantization by one high product and one shift, proven equal for every sum that can occur.

A sum x that arrives as 2^k x + e (taps and bias scaled beforehand) becomes

    g(x) = clamp((floor((2^k x + e) M / 2^32) + c) >> S, -128, 127)

with one S for all channels. The rule (spec 2) is f(x) = clamp(RDBPOT(SRDHM(x, m), n) + z, limits).
Nested floors are exact, so with M = m and k + n = S + 1 the two agree for x >= 0 where
c = z 2^S + 2^(S-1) + 2^(k-2) (without 2^(k-2) in single rounding). Elsewhere (a negative x that f
rounds away from zero, an n that k cannot follow, other limits) M and e close to these may do.

Both f and g never decrease. g can jump only at x = T(j), the least x with g(x) >= j; where f
equals g at the least and the greatest x, at each T(j) and at each T(j) - 1, it equals g throughout.
That is checked for every channel.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import I8, I32, I64, INT8_MAX, INT8_MIN
from cnnc.quantize.fixed_point import INT32_MAX, INT32_MIN, Arithmetic

_SMALLEST_SCALE, _LARGEST_SCALE = 2, 8
"""k: 2^(k-2) is an integer, and an int8 weight times 2^k is an int16."""
_MULTIPLIERS_TRIED = 4096
"""Multipliers around the truncated one, for channels where it is not exact."""


@dataclass(frozen=True, eq=False)
class Rescaling:
    """How sums become int8 by the rule.

    Attributes:
        multipliers: int32 [channels], 0 or 2^30..2^31-1.
        shifts: int32 [channels], the exponents; n = -shift.
        zero_point: Of the result.
        minimum: Lower clamp.
        maximum: Upper clamp.
        low: int64 [channels], least sum that can occur.
        high: int64 [channels], greatest.
        arithmetic: How sums are rounded.
    """

    multipliers: I32
    shifts: I32
    zero_point: int
    minimum: int
    maximum: int
    low: I64
    high: I64
    arithmetic: Arithmetic

    def channel(self, index: int) -> "Rescaling":
        """Return one channel's."""
        one = slice(index, index + 1)
        return replace(
            self,
            multipliers=self.multipliers[one],
            shifts=self.shifts[one],
            low=self.low[one],
            high=self.high[one],
        )

    def exact(self, sums: I64) -> I8:
        """Return f of sums [channels][...]."""
        return self.arithmetic.requantize(
            sums,
            self.multipliers[:, np.newaxis],
            self.shifts[:, np.newaxis],
            self.zero_point,
            (self.minimum, self.maximum),
        )


@dataclass(frozen=True, eq=False)
class ProvenScale:
    """Constants of g.

    Attributes:
        scales: int8 [channels], k.
        multipliers: int32 [channels], M.
        offsets: int32 [channels], e.
        addend: c without its term 2^(k-2).
        proven: bool [channels], whether g equals f.
    """

    scales: I8
    multipliers: I32
    offsets: I32
    addend: int
    proven: npt.NDArray[np.bool_]


def prove_scale(rescaling: Rescaling, shift: int) -> ProvenScale:
    """Find constants of g for each channel and prove them.

    Args:
        rescaling: The rule and the range of the sums.
        shift: S.
    """
    exponent = -rescaling.shifts.astype(np.int64)
    scales = np.clip(shift + 1 - exponent, _SMALLEST_SCALE, _LARGEST_SCALE)
    excess = exponent + scales - (shift + 1)
    truncated = rescaling.multipliers.astype(np.int64) >> np.clip(excess, 0, 31)
    addend = (rescaling.zero_point << shift) + (1 << (shift - 1))
    # A multiplier of 0 gives one value whatever the exponent is.
    in_range = (excess >= 0) | (truncated == 0)
    offsets = np.zeros_like(truncated)
    form = _Form(rescaling, shift, scales, addend)
    proven = in_range & form.equals_rule(truncated, offsets)
    for channel in np.flatnonzero(in_range & ~proven):
        one = form.channel(int(channel))
        found = one.search(int(truncated[channel]))
        if found is not None:
            truncated[channel], offsets[channel] = found
            proven[channel] = one.equals_rule(np.array(found[:1]), np.array(found[1:]))[0]
    return ProvenScale(
        scales.astype(np.int8),
        np.where(proven, truncated, 0).astype(np.int32),
        offsets.astype(np.int32),
        addend,
        proven,
    )


@dataclass(frozen=True, eq=False)
class _Form:
    """The function g, of which M and e are still open."""

    rescaling: Rescaling
    shift: int
    scales: I64
    addend: int

    def channel(self, index: int) -> "_Form":
        """Return one channel's."""
        return replace(
            self, rescaling=self.rescaling.channel(index), scales=self.scales[index : index + 1]
        )

    def equals_rule(self, multipliers: I64, offsets: I64) -> npt.NDArray[np.bool_]:
        """Return for which channels g equals f."""
        low, high = self.rescaling.low[:, np.newaxis], self.rescaling.high[:, np.newaxis]
        thresholds = np.clip(self._jumps(multipliers, offsets), low, high)
        sums = np.concatenate([low, high, thresholds, np.maximum(thresholds - 1, low)], axis=1)
        scaled = (sums << self.scales[:, np.newaxis]) + offsets[:, np.newaxis]
        products = (scaled * multipliers[:, np.newaxis]) >> 32
        values = np.clip((products + self._addends()) >> self.shift, INT8_MIN, INT8_MAX)
        fits = (scaled >= INT32_MIN) & (scaled <= INT32_MAX)
        equal: npt.NDArray[np.bool_] = (fits & (values == self.rescaling.exact(sums))).all(axis=1)
        return equal & (multipliers <= INT32_MAX)

    def search(self, near: int) -> tuple[int, int] | None:
        """Return M and e of the only channel for which g jumps where f does, or None.

        None also where f does not jump at all: then g would have to be that one value.

        g(T) >= j > g(T - 1) for the least T with f(T) >= j means, with L = (j 2^S - c) 2^32,
        L <= (2^k T + e) M < L + 2^k M: an interval of e for each j, given M.
        """
        levels, thresholds = self._rule_jumps()
        if not len(levels):
            return None
        products = self._products(levels)[0]
        scaled = thresholds << self.scales[0]
        tried = np.arange(-_MULTIPLIERS_TRIED, _MULTIPLIERS_TRIED, dtype=np.int64)
        multipliers = near + tried[near + tried > 0][:, np.newaxis]
        least = -(-products // multipliers) - scaled
        low, high = least.max(axis=1), least.min(axis=1) + (1 << int(self.scales[0])) - 1
        possible = np.flatnonzero(low <= high)
        if not len(possible):
            return None
        best = possible[np.argmin(np.abs(multipliers[possible, 0] - near))]
        return int(multipliers[best, 0]), int(low[best])

    def _rule_jumps(self) -> tuple[I64, I64]:
        """Return the levels j that f of the only channel reaches by a jump, and their T."""
        low, high = int(self.rescaling.low[0]), int(self.rescaling.high[0])
        ends = self.rescaling.exact(np.array([[low, high]]))[0]
        levels = np.arange(int(ends[0]) + 1, int(ends[1]) + 1, dtype=np.int64)
        below, reached = np.full_like(levels, low), np.full_like(levels, high)
        while (reached - below > 1).any():
            middle = (below + reached) >> 1
            is_reached = self.rescaling.exact(middle[np.newaxis])[0] >= levels
            below, reached = (
                np.where(is_reached, below, middle),
                np.where(is_reached, middle, reached),
            )
        return levels, reached

    def _addends(self) -> I64:
        if self.rescaling.arithmetic.rounding == "single":
            return np.full((len(self.scales), 1), self.addend, dtype=np.int64)
        addends: I64 = self.addend + np.left_shift(np.int64(1), self.scales - 2)[:, np.newaxis]
        return addends

    def _products(self, levels: I64) -> I64:
        """Return the least (2^k x + e) M that gives each level, [channels][levels]."""
        products: I64 = ((levels << self.shift) - self._addends()) << 32
        return products

    def _jumps(self, multipliers: I64, offsets: I64) -> I64:
        """Return T(j) of g for each j above -128, [channels][255]."""
        products = self._products(np.arange(INT8_MIN + 1, INT8_MAX + 1, dtype=np.int64))
        scaled = -(-products // np.maximum(multipliers, 1)[:, np.newaxis]) - offsets[:, np.newaxis]
        jumps: I64 = -(-scaled >> self.scales[:, np.newaxis])
        return jumps

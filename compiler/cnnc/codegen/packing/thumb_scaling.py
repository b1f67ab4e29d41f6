"""How accumulators become int8 on cores whose multiplier gives 32 bits (Thumb-1).

With m the multiplier, n = -shift, and a scale 2^f that the product is divided by first, the result
of spec 2.3 is, as quotients rounded down may be nested,

    y = clamp((floor(x m / 2^f) - [x < 0] u + c) >> (n + 31 - f), minimum, maximum)

    double rounding, n > 0:  c = 2^(30 - f) + 2^(n + 30 - f) + z_out 2^(n + 31 - f),  u = 2^(31 - f)
    else:                    c =              2^(n + 30 - f) + z_out 2^(n + 31 - f),  u = 0

The first summand rounds x m / 2^31, the second the shift, and u turns its ties away from zero
(spec 2.2). A result that is negative before the zero point is added does not need u where
minimum >= z_out, because it becomes the minimum either way: floor division is monotone, and
without u it is at most z_out. The product is made of limbs of m, so |x| must leave them room:
f = 20 has limbs of 10, 10 and 11 bits, |x| <= 2^20 and no u; f = 24 has limbs of 8 bits and
|x| < 2^23, so that cores with a 64-bit product may multiply 2^8 x as an int32.

A channel whose sums are all one, because its weights are 0, has m = 0, bias 0 and its result in c.
Where n is so large that c passes int32, m and n are made smaller by as much. Neither the rule nor
the original ever decreases, so the two are equal where each result is reached at the same least x;
that is then compared.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cnnc.codegen.kernel import LoweringSite
from cnnc.codegen.variants import Refusal
from cnnc.ir.types import I8, I32, I64, INT8_MAX, INT8_MIN
from cnnc.ops._requantize import QuantWeightedOp, weight_sums
from cnnc.quantize.fixed_point import INT32_MAX, INT32_MIN, Arithmetic

_NARROW = 20
_WIDE = 24
_LARGEST_SUM = {_NARROW: 2**20, _WIDE: 2**23 - 1}
_SHIFT_CODES = 64
"""The shift is stored in the offset's lowest six bits."""
_LARGEST_SHIFT = 31
_CHANNELS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class ThumbScaling:
    """How one layer's sums are scaled.

    Attributes:
        channel_data: int32 [out_channels][3]: bias with the zero point folded in, multiplier,
            offset whose lowest six bits are the shift.
        wide: Whether f is 24 instead of 20.
        sign_unit: u.
    """

    channel_data: I32
    wide: bool
    sign_unit: int

    def is_general(self, op: QuantWeightedOp, *, has_multiply_add: bool) -> bool:
        """Return whether kernels take the longer of their two ways to scale.

        Args:
            op: The layer.
            has_multiply_add: Whether the core has a 64-bit product too (Armv7-M): every sum is
                wide there, and limits other than those of int8 cost extra.
        """
        if not has_multiply_add:
            return self.wide
        return bool(self.sign_unit) or (op.minimum, op.maximum) != (INT8_MIN, INT8_MAX)


@dataclass(frozen=True, eq=False)
class _Rule:
    """The rule of the module's docstring for all channels of a layer.

    Attributes:
        fraction: f.
        multipliers: int64 [out_channels].
        shifts: n + 31 - f, int64 [out_channels].
        offsets: c, int64 [out_channels].
        sign_unit: u.
    """

    fraction: int
    multipliers: I64
    shifts: I64
    offsets: I64
    sign_unit: int

    def outputs(self, sums: I64, channels: I64, limits: tuple[int, int]) -> I64:
        """Return y for sums [channels][...] of some channels."""
        scaled = (sums * self.multipliers[channels, np.newaxis]) >> self.fraction
        scaled -= np.where(sums < 0, self.sign_unit, 0)
        scaled += self.offsets[channels, np.newaxis]
        clamped: I64 = np.clip(scaled >> self.shifts[channels, np.newaxis], *limits)
        return clamped


def thumb_scaling(op: QuantWeightedOp, site: LoweringSite) -> ThumbScaling | Refusal:
    """Return the constants that scale a layer's sums, or why they cannot be scaled like that."""
    weight = np.moveaxis(op.weight, op.channel_axis, 0).reshape(len(op.bias), -1)
    folded = op.bias - op.input_zero_point * weight_sums(op.weight, op.channel_axis)
    low, high = sum_bounds(weight, folded)
    reason = "no scale fits"
    # With a 64-bit product, the wide rule costs nothing.
    fractions = (_WIDE,) if "armv7m" in site.instruction_sets else (_NARROW, _WIDE)
    for fraction in fractions:
        if max(-low.min(), high.max()) > _LARGEST_SUM[fraction]:
            reason = f"sums reach {max(-low.min(), high.max())}"
            continue
        rule = _constant_channels(_rule(op, site, fraction), op, site, low, high)
        if fraction == _NARROW and rule.sign_unit:
            continue
        problem = _problem(rule, low, high) or _difference(rule, op, site, low, high)
        if problem is None:
            codes = rule.offsets + rule.shifts
            bias = np.where(low == high, 0, folded)
            data = np.stack([bias, rule.multipliers, codes], axis=1).astype(np.int32)
            return ThumbScaling(data, fraction == _WIDE, rule.sign_unit)
        reason = problem
    return Refusal(reason)


def sum_bounds(weight: I8, folded_bias: I64) -> tuple[I64, I64]:
    """Return the least and the largest sum of each channel for any int8 operand.

    Args:
        weight: [out_channels][taps].
        folded_bias: [out_channels], the zero point folded in.
    """
    wide = weight.astype(np.int64)
    positive, negative = np.maximum(wide, 0).sum(axis=1), np.minimum(wide, 0).sum(axis=1)
    return (
        folded_bias - 128 * positive + 127 * negative,
        folded_bias + 127 * positive - 128 * negative,
    )


def _rule(op: QuantWeightedOp, site: LoweringSite, fraction: int) -> _Rule:
    right = -op.shifts.astype(np.int64)
    surplus = np.maximum(right + 31 - fraction - _longest_shift(op), 0)
    right = right - surplus
    multipliers = op.multipliers.astype(np.int64) >> surplus
    shifts = right + 31 - fraction
    twice = (right > 0) & (site.rounding == "double")
    # Two's powers as quotients: an exponent below zero is reported as a problem.
    half = np.left_shift(np.int64(1), np.maximum(shifts - 1, 0))
    first = np.where(twice, 2 ** (30 - fraction), 0)
    zero_point = op.output_zero_point * np.left_shift(np.int64(1), np.maximum(shifts, 0))
    signed = bool(twice.any()) and op.minimum < op.output_zero_point
    sign_unit = 2 ** (31 - fraction) if signed else 0
    return _Rule(fraction, multipliers, shifts, first + half + zero_point, sign_unit)


def _constant_channels(
    rule: _Rule, op: QuantWeightedOp, site: LoweringSite, low: I64, high: I64
) -> _Rule:
    """Return the rule with the result itself for channels whose sums are all one (m = x = 0)."""
    constant = low == high
    results = Arithmetic(site.rounding).requantize(
        low, op.multipliers, op.shifts, op.output_zero_point, (op.minimum, op.maximum)
    )
    shift = 31 - rule.fraction
    return replace(
        rule,
        multipliers=np.where(constant, 0, rule.multipliers),
        shifts=np.where(constant, shift, rule.shifts),
        offsets=np.where(constant, results.astype(np.int64) << shift, rule.offsets),
    )


def _longest_shift(op: QuantWeightedOp) -> int:
    """Return the longest shift with which the zero point still fits int32."""
    magnitude = max(abs(op.output_zero_point), 1)
    return min(_LARGEST_SHIFT - 1, 31 - magnitude.bit_length())


def _problem(rule: _Rule, low: I64, high: I64) -> str | None:
    """Return which number would not fit its place, if any."""
    if rule.shifts.min() < 1:
        return f"a shift of {int(31 - rule.fraction - rule.shifts.min())} to the left"
    if (rule.offsets % _SHIFT_CODES).any():
        return "a rounding offset that is no multiple of 64"
    ends = np.stack([low, high])
    scaled = (ends * rule.multipliers) >> rule.fraction
    scaled -= np.where(ends < 0, rule.sign_unit, 0)
    extremes = np.stack([scaled, scaled + rule.offsets, np.stack([rule.offsets] * 2)])
    if extremes.min() < INT32_MIN or extremes.max() > INT32_MAX:
        return "a scaled sum passes int32"
    return None


def _difference(
    rule: _Rule, op: QuantWeightedOp, site: LoweringSite, low: I64, high: I64
) -> str | None:
    """Return a channel whose rule was changed to fit and gives another result for some sum."""
    right = -op.shifts.astype(np.int64)
    changed = rule.shifts != right + 31 - rule.fraction
    mixed = (rule.sign_unit != 0) & (right <= 0)
    arithmetic = Arithmetic(site.rounding)
    limits = (op.minimum, op.maximum)
    doubtful = np.flatnonzero((changed | mixed) & (low < high))
    for first in range(0, len(doubtful), _CHANNELS_AT_ONCE):
        channels = doubtful[first : first + _CHANNELS_AT_ONCE]

        def original(sums: I64, channels: I64 = channels) -> I64:
            return arithmetic.requantize(
                sums,
                op.multipliers[channels, np.newaxis],
                op.shifts[channels, np.newaxis],
                op.output_zero_point,
                limits,
            ).astype(np.int64)

        def scaled(sums: I64, channels: I64 = channels) -> I64:
            return rule.outputs(sums, channels, limits)

        ends = low[channels], high[channels]
        same = _least_sums(original, *ends, limits) == _least_sums(scaled, *ends, limits)
        if not same.all():
            channel = int(channels[np.flatnonzero(~same.all(axis=1))[0]])
            return f"channel {channel} has a shift of {int(op.shifts[channel])}"
    return None


def _least_sums(
    function: Callable[[I64], I64], low: I64, high: I64, limits: tuple[int, int]
) -> I64:
    """Return the least sum that reaches each result above the minimum, high + 1 where none does.

    Args:
        function: Sums [channels][results] -> results; never decreases.
        low: Least sum of each channel.
        high: Greatest sum.
        limits: Of the results.
    """
    results = np.arange(limits[0] + 1, limits[1] + 1, dtype=np.int64)
    below = np.repeat(low[:, np.newaxis] - 1, len(results), axis=1)
    reached = np.repeat(high[:, np.newaxis] + 1, len(results), axis=1)
    while (reached - below > 1).any():
        middle = (below + reached) >> 1
        # Where both ends have met already, the middle may be one sum too low.
        reaches = function(np.maximum(middle, low[:, np.newaxis])) >= results
        open_ = reached - below > 1
        below = np.where(open_ & ~reaches, middle, below)
        reached = np.where(open_ & reaches, middle, reached)
    return reached

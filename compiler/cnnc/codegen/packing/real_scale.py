"""Requantization by real numbers, proven equal for every sum that can occur.

A sum x becomes, with M = m 2^(shift - 31) = h + l, h its first 24 bits and l the others,

    g(x) = sign(x) floor(|x'| h + t),  t = fl(|x'| l + e),  x' = fl(x)

where fl rounds to float32. |x'| h + t is rounded towards zero, so that it does not pass an integer
and the floor is that of the exact number. The rule (spec 2) without its zero point jumps at
the least x with f(x) >= i, about (i - 1/2) / M, half a step nearer to zero in double rounding: an
offset e that puts all jumps of g there exists where the fractions of M T(i) leave room for one.

Both f and g never decrease. Where they agree at the least and the greatest x, at each T(i) and at
each T(i) - 1, they agree throughout. That is checked for every channel.

Mostly one product is enough: there is an h near M and an e for which all jumps are right with
l = 0.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnc.codegen.packing.proven_scale import Rescaling
from cnnc.ir.types import F32, I64, INT8_MAX, INT8_MIN
from cnnc.quantize.fixed_point import INT32_MAX

_SMALLEST_SHIFT = -20
"""Thresholds of much smaller scales would not fit 64 bits."""
_LARGEST_RESULT = 2.0**30
_SIGNIFICANT_BITS = 24
_STEPS_TRIED = 6
"""Last places of h on both sides of M."""

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RealScale:
    """Constants of g, float32 [channels].

    Attributes:
        high: h.
        low: l.
        offset: e.
        proven: bool [channels], whether g equals f.
    """

    high: F32
    low: F32
    offset: F32
    proven: npt.NDArray[np.bool_]


def prove_real_scale(rescaling: Rescaling) -> RealScale:
    """Find the constants of g for each channel and prove them; l is 0 where that is possible.

    Args:
        rescaling: The rule and the range of the sums.
    """
    shifts = rescaling.shifts.astype(np.int64)
    scale = np.ldexp(rescaling.multipliers.astype(np.float64), rescaling.shifts - 31)
    thresholds = _thresholds(rescaling)
    largest = np.maximum(np.abs(rescaling.low), np.abs(rescaling.high))
    fits = np.ldexp(largest.astype(np.float64), np.maximum(rescaling.shifts, 0)) <= INT32_MAX
    in_range = (shifts >= _SMALLEST_SHIFT) & fits & (2 * largest * scale < _LARGEST_RESULT)
    forms = (_short_form(rescaling, scale, thresholds), _exact_form(rescaling, scale, thresholds))
    is_short, is_exact = (in_range & _agrees(rescaling, form, thresholds) for form in forms)
    short, exact = forms
    return RealScale(
        np.where(is_short, short.high, exact.high),
        np.where(is_short, short.low, exact.low),
        np.where(is_short, short.offset, exact.offset),
        is_short | is_exact,
    )


def _exact_form(rescaling: Rescaling, scale: F64, thresholds: I64) -> RealScale:
    """Return the form in which h + l is M."""
    unit: F64 = np.ldexp(np.ones_like(scale), rescaling.shifts - _SIGNIFICANT_BITS)
    high: F64 = np.floor(np.divide(scale, unit)) * unit
    lower, upper = _offset_limits(rescaling, scale, thresholds)
    return _form(high, scale - high, lower, upper)


def _short_form(rescaling: Rescaling, scale: F64, thresholds: I64) -> RealScale:
    """Return the form with l = 0 and the h near M that leaves most room for e."""
    unit: F64 = np.ldexp(np.ones_like(scale), rescaling.shifts - _SIGNIFICANT_BITS)
    best: F64 = np.zeros_like(scale)
    limits = _offset_limits(rescaling, best, thresholds)
    for step in range(-_STEPS_TRIED, _STEPS_TRIED + 1):
        high = np.maximum((np.round(scale / unit) + step) * unit, 0.0)
        lower, upper = _offset_limits(rescaling, high, thresholds)
        is_better = upper - lower > limits[1] - limits[0]
        best = np.where(is_better, high, best)
        limits = np.where(is_better, lower, limits[0]), np.where(is_better, upper, limits[1])
    return _form(best, np.zeros_like(best), *limits)


def _form(high: F64, low: F64, lower: F64, upper: F64) -> RealScale:
    """Return a form that is not proven, with e in the middle of its limits."""
    offset = np.clip((lower + upper) / 2, 0.0, np.nextafter(np.float32(1), np.float32(0)))
    return RealScale(
        high.astype(np.float32),
        low.astype(np.float32),
        offset.astype(np.float32),
        np.zeros(len(high), np.bool_),
    )


def _thresholds(rescaling: Rescaling) -> I64:
    """Return the least sum that gives each int8 but the first, [channels][255], if it can occur.

    Others are cut off at the ends of the range, and are far beyond it where the scale is small.
    """
    levels = np.arange(INT8_MIN + 1, INT8_MAX + 1, dtype=np.int64) - rescaling.zero_point
    shifts = np.maximum(rescaling.shifts.astype(np.int64), _SMALLEST_SHIFT)[:, np.newaxis]
    multipliers = np.maximum(rescaling.multipliers.astype(np.int64), 1)[:, np.newaxis]
    if rescaling.arithmetic.rounding == "single":
        total = 31 - shifts
        least = (levels << total) - (np.int64(1) << (total - 1))
        found = -(-least // multipliers)
    else:
        right, left = np.maximum(-shifts, 0), np.maximum(shifts, 0)
        half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
        rounded = (levels << right) - half + ((levels <= 0) & (right > 0))
        # SRDHM(a, m) >= v where a m + 2^30 >= 2^31 v.
        shifted = -(-((rounded << 31) - 2**30) // multipliers)
        found = -(-shifted >> left)
    low, high = rescaling.low[:, np.newaxis], rescaling.high[:, np.newaxis]
    clipped: I64 = np.clip(found, low, high)
    return clipped


def _offset_limits(rescaling: Rescaling, scale: F64, thresholds: I64) -> tuple[F64, F64]:
    """Return the interval of e in which all jumps are where they should be, given h + l."""
    levels = np.arange(INT8_MIN + 1, INT8_MAX + 1, dtype=np.int64)
    seen = (levels > rescaling.minimum) & (levels <= rescaling.maximum)
    results = levels - rescaling.zero_point
    reached = (thresholds > rescaling.low[:, np.newaxis]) & (
        thresholds < rescaling.high[:, np.newaxis]
    )
    # A negative sum reaches 1 - i in magnitude at T - 1, a positive one i at T.
    sums = np.where(results > 0, thresholds, 1 - thresholds).astype(np.float64)
    steps = np.where(results > 0, results, 1 - results)
    least = steps - sums * scale[:, np.newaxis]
    most = steps - (sums - 1) * scale[:, np.newaxis]
    counts = seen & reached
    lower: F64 = np.where(counts, least, 0.0).max(axis=1, initial=0.0)
    upper: F64 = np.where(counts, most, 1.0).min(axis=1, initial=1.0)
    return lower, upper


def _agrees(rescaling: Rescaling, form: RealScale, thresholds: I64) -> npt.NDArray[np.bool_]:
    low, high = rescaling.low[:, np.newaxis], rescaling.high[:, np.newaxis]
    before = np.maximum(thresholds - 1, low)
    zero = np.clip(np.zeros_like(low), low, high)
    sums = np.concatenate([low, high, zero, thresholds, before], axis=1)
    values = evaluate_real_scale(form, sums) + rescaling.zero_point
    clamped = np.clip(values, rescaling.minimum, rescaling.maximum)
    agrees: npt.NDArray[np.bool_] = (clamped == rescaling.exact(sums)).all(axis=1)
    return agrees


def evaluate_real_scale(form: RealScale, sums: I64) -> I64:
    """Return exactly g of sums [channels][...]; at most 2^31 - 1 in magnitude.

    Args:
        form: Its constants.
        sums: int32 values.
    """
    magnitudes = np.abs(sums.astype(np.float32).astype(np.float64))
    constants = (form.high, form.low, form.offset)
    high, low, offset = (values.astype(np.float64)[:, np.newaxis] for values in constants)
    # The products have 48 bits, so they are exact; sums need more than float64 has.
    inner = _nearest_float32(*_sum_and_error(magnitudes * low, offset))
    outer, error = _sum_and_error(magnitudes * high, inner)
    floors = np.floor(outer)
    floors -= (floors == outer) & (error < 0)
    whole = np.minimum(floors, float(INT32_MAX)).astype(np.int64)
    result: I64 = np.where(sums < 0, -whole, whole)
    return result


def _sum_and_error(first: F64, second: F64) -> tuple[F64, F64]:
    """Return the rounded sum, and what it lacks to the exact one (Knuth's TwoSum)."""
    rounded: F64 = np.add(first, second)
    part: F64 = rounded - first
    error: F64 = (first - (rounded - part)) + (second - part)
    return rounded, error


def _nearest_float32(rounded: F64, error: F64) -> F64:
    """Return the float32 nearest to a sum; its float64 may lie on a tie where the sum does not."""
    is_even = (rounded.view(np.int64) & 1) == 0
    toward = np.where(error > 0, np.inf, -np.inf)
    # Rounded to odd, a number of 53 bits rounds to 24 bits as the exact one does.
    odd = np.where((error != 0) & is_even, np.nextafter(rounded, toward), rounded)
    nearest: F64 = odd.astype(np.float32).astype(np.float64)
    return nearest

"""Requantization by real numbers, proven equal for every sum that can occur.

A sum x becomes, with M = m 2^(shift - 31) = h + l, h its first 24 bits and l the others,

    g(x) = sign(x) floor(|x'| h + t),  t = fl(|x'| l + e),  x' = fl(x)

where fl rounds to float32. |x'| h + t is rounded towards zero, so that it does not pass an integer
and the floor is that of the exact number. The rule (spec 2) without its zero point jumps at
the least x with f(x) >= i, about (i - 1/2) / M, half a step nearer to zero in double rounding: an
offset e that puts all jumps of g there exists where the fractions of M T(i) leave room for one.

Both f and g never decrease. Where they agree at the least and the greatest x, at each T(i) and at
each T(i) - 1, they agree throughout. That is checked for every channel.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnc.codegen.packing.proven_scale import Rescaling
from cnnc.ir.types import F32, I64, INT8_MAX, INT8_MIN
from cnnc.quantize.fixed_point import INT32_MAX

_SMALLEST_SHIFT = -20
"""Sums of products with l are exact in float64 down to here, and so is the proof."""
_LARGEST_RESULT = 2.0**30
_SIGNIFICANT_BITS = 24

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
    """Find the constants of g for each channel and prove them.

    Args:
        rescaling: The rule and the range of the sums.
    """
    shifts = rescaling.shifts.astype(np.int64)
    scale = np.ldexp(rescaling.multipliers.astype(np.float64), rescaling.shifts - 31)
    unit = np.ldexp(1.0, rescaling.shifts - _SIGNIFICANT_BITS)
    high = np.floor(scale / unit) * unit
    low = scale - high
    thresholds = _thresholds(rescaling)
    offset = _offsets(rescaling, scale, thresholds).astype(np.float32)
    largest = np.maximum(np.abs(rescaling.low), np.abs(rescaling.high))
    fits = np.ldexp(largest.astype(np.float64), np.maximum(rescaling.shifts, 0)) <= INT32_MAX
    in_range = (shifts >= _SMALLEST_SHIFT) & fits & (largest * scale < _LARGEST_RESULT)
    form = RealScale(high.astype(np.float32), low.astype(np.float32), offset, in_range)
    return RealScale(form.high, form.low, offset, in_range & _agrees(rescaling, form, thresholds))


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


def _offsets(rescaling: Rescaling, scale: F64, thresholds: I64) -> F64:
    """Return e in the middle of the interval in which all jumps are where they should be."""
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
    lower = np.where(counts, least, 0.0).max(axis=1, initial=0.0)
    upper = np.where(counts, most, 1.0).min(axis=1, initial=1.0)
    middle: F64 = (lower + upper) / 2
    return np.clip(middle, 0.0, np.nextafter(np.float32(1), np.float32(0)))


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
    """Return g of sums [channels][...] as the kernels compute it; below 2^31 in magnitude.

    Args:
        form: Its constants.
        sums: int32 values.
    """
    magnitudes = np.abs(sums.astype(np.float32).astype(np.float64))
    constants = (form.high, form.low, form.offset)
    high, low, offset = (values.astype(np.float64)[:, np.newaxis] for values in constants)
    inner = (magnitudes * low + offset).astype(np.float32).astype(np.float64)
    whole = np.minimum(np.floor(magnitudes * high + inner), float(INT32_MAX)).astype(np.int64)
    result: I64 = np.where(sums < 0, -whole, whole)
    return result

"""Bounds of int8 results from bounds of accumulators.

Requantization is a chain of monotone steps (shift, product with a mantissa >= 0, rounding, offset,
clamp), so the ends of an interval go to the ends of its image; only an int32 that wraps around
breaks this, and then nothing is concluded.
"""

import numpy as np

from cnnc.ir.channels import ChannelBounds
from cnnc.ir.types import I64, INT8_MAX, INT8_MIN
from cnnc.quantize.fixed_point import INT32_MAX, Arithmetic, IntLike


def requantized_bounds(
    arithmetic: Arithmetic,
    accumulators: ChannelBounds,
    scaling: tuple[IntLike, IntLike],
    zero_point: int,
    limits: tuple[int, int] = (INT8_MIN, INT8_MAX),
) -> ChannelBounds:
    """Return the bounds of clamp(MBQM(acc) + zero_point, limits).

    Args:
        arithmetic: How accumulators are rounded.
        accumulators: Bounds of acc per channel; any int64.
        scaling: Multiplier and shift, scalars or [channels].
        zero_point: Of the result.
        limits: Closed int8 interval of the result.
    """
    multiplier, shift = (np.asarray(part, np.int64) for part in scaling)
    usable = fits_int32(accumulators, shift) & (multiplier >= 0)
    ends: list[I64] = []
    for end in (accumulators.low, accumulators.high):
        image = arithmetic.requantize(
            np.where(usable, end, 0), multiplier, shift, zero_point, limits
        )
        ends.append(image.astype(np.int64))
    return ChannelBounds(np.where(usable, ends[0], limits[0]), np.where(usable, ends[1], limits[1]))


def fits_int32(
    accumulators: ChannelBounds, shift: IntLike
) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return for which channels acc 2^max(shift, 0) stays within int32, both ends included."""
    most = np.maximum(np.abs(accumulators.low), np.abs(accumulators.high))
    # Comparing before the shift keeps a shift by 30 within int64.
    fits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = most <= (
        INT32_MAX >> np.maximum(np.asarray(shift, np.int64), 0)
    )
    return fits

"""Choose the range that int8 covers from the distribution of a value.

A range narrower than [minimum, maximum] makes steps finer and saturates the rare values outside.
"""

import math

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import F64
from cnnc.options import CalibrationMethod
from cnnc.quantize.histogram import Histogram
from cnnc.quantize.parameters import with_zero
from cnnc.quantize.ranges import ValueRange

PERCENTILE = 99.995
"""Share of elements, in percent, that each end of a percentile range leaves inside."""

CANDIDATES = 101
"""Clip points that are tried on either side, from the extreme inwards."""

SMALLEST_FRACTION = 0.1
"""The innermost clip point, as a fraction of the extreme."""


MANTISSA_BITS = 16
"""Bits of a range's ends. Float32 sums differ in their last bits between processors; ranges, and
with them scales and weights, shall not."""


def steadied(range_: ValueRange) -> ValueRange:
    """Return the range with both ends rounded to ``MANTISSA_BITS`` bits."""
    return ValueRange(_rounded(range_.low), _rounded(range_.high))


def _rounded(real: float) -> float:
    mantissa, exponent = math.frexp(real)
    return math.ldexp(round(math.ldexp(mantissa, MANTISSA_BITS)), exponent - MANTISSA_BITS)


def choose_range(histogram: Histogram, method: CalibrationMethod) -> ValueRange:
    """Return the range for a value by the given method; it holds 0."""
    if histogram.minimum > histogram.maximum:
        return ValueRange(0.0, 0.0)
    if method == "percentile":
        return percentile_range(histogram)
    if method == "mse":
        return mse_range(histogram)
    return minmax_range(histogram)


def minmax_range(histogram: Histogram) -> ValueRange:
    """Return everything that was seen."""
    return ValueRange(*with_zero(histogram.minimum, histogram.maximum))


def percentile_range(histogram: Histogram, percentile: float = PERCENTILE) -> ValueRange:
    """Return the range from the (100 - percentile)-th to the percentile-th percentile.

    Exact zeros are not counted: they cost nothing and would widen the share that is cut off.
    """
    full = minmax_range(histogram)
    total = int(histogram.counts.sum())
    if total == 0:
        return full
    cut = total * (1.0 - percentile / 100.0)
    cumulative = np.cumsum(histogram.counts)
    half_bin = histogram.bin_width / 2.0
    low_bin = int(np.searchsorted(cumulative, cut, side="right"))
    high_bin = int(np.searchsorted(cumulative, total - cut, side="left"))
    centers = histogram.centers()
    low = max(float(centers[low_bin]) - half_bin, full.low)
    high = min(float(centers[high_bin]) + half_bin, full.high)
    return ValueRange(*with_zero(low, high))


def mse_range(histogram: Histogram) -> ValueRange:
    """Return the range with the least mean squared quantization error.

    error(low, high) = n_inside * step^2 / 12 + sum over x outside of (distance to the range)^2,
    step = (high - low) / 255; searched over ``CANDIDATES`` clip points on each side. A value of one
    sign is clipped on that side only.
    """
    full = minmax_range(histogram)
    fractions = np.linspace(1.0, SMALLEST_FRACTION, CANDIDATES)
    lows, highs = full.low * fractions, full.high * fractions
    tails = _Tails(histogram)
    below_count, below_error = tails.beyond(-lows, negative=True)
    above_count, above_error = tails.beyond(highs, negative=False)
    inside = tails.total - below_count[:, None] - above_count[None, :]
    step = (highs[None, :] - lows[:, None]) / 255.0
    error = inside * step**2 / 12.0 + below_error[:, None] + above_error[None, :]
    # argmin takes the first, hence the widest, of equals.
    best_low, best_high = np.unravel_index(int(error.argmin()), error.shape)
    return ValueRange(*with_zero(float(lows[best_low]), float(highs[best_high])))


class _Tails:
    """Count and squared overshoot of everything beyond a clip point, from cumulative moments."""

    def __init__(self, histogram: Histogram) -> None:
        middle = len(histogram.counts) // 2
        centers = histogram.centers()[middle:]
        self._width = histogram.bin_width
        self._positive = _suffix_moments(centers, histogram.counts[middle:])
        self._negative = _suffix_moments(centers, histogram.counts[:middle][::-1])
        self.total = float(histogram.counts.sum())

    def beyond(self, clip: F64, *, negative: bool) -> tuple[F64, F64]:
        """Return (count, sum of (|x| - clip)^2) of elements with |x| > clip on one side.

        Args:
            clip: Distances from 0, >= 0, any shape.
            negative: Which side.
        """
        moments = self._negative if negative else self._positive
        # First bin whose center is beyond the clip point.
        first = np.floor(clip / self._width + 0.5).astype(np.int64)
        count, total, squares = moments[:, np.minimum(first, moments.shape[1] - 1)]
        error: F64 = np.maximum(squares - 2.0 * clip * total + clip**2 * count, 0.0)
        return count, error


def _suffix_moments(centers: F64, counts: npt.NDArray[np.int64]) -> F64:
    """Return sums of count, count*x, count*x^2 from bin k to the end, [3][bins + 1]."""
    weights = counts.astype(np.float64)
    powers = np.stack([weights, weights * centers, weights * centers**2])
    suffix = np.cumsum(powers[:, ::-1], axis=1)[:, ::-1]
    return np.pad(suffix, ((0, 0), (0, 1)))

"""A histogram that is filled in one pass although the range is not known beforehand.

``BIN_COUNT`` equal bins cover [-limit, limit) with limit a power of two. A value beyond it doubles
the limit: bins 2k and 2k+1 merge exactly into one, so the result does not depend on when the
largest value came. At least a quarter of the bins lies between 0 and the largest magnitude.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from cnnc.ir.types import F32, F64, I64

BIN_COUNT = 8192
SUBSAMPLE_ABOVE = 2**20
"""Elements of one batch beyond which bins count every k-th element; extremes see all."""

SMALLEST_EXPONENT = -100
"""Where the limit starts; anything smaller than 2^-100 counts as next to zero."""


def _empty_bins() -> I64:
    return np.zeros(BIN_COUNT, dtype=np.int64)


@dataclass
class Histogram:
    """Distribution of one value over all samples seen so far.

    Attributes:
        minimum: Smallest element; +inf before the first.
        maximum: Largest element; -inf before the first.
        exponent: The bins cover [-2^exponent, 2^exponent).
        counts: Elements per bin, exact zeros excluded (they are represented without error).
    """

    minimum: float = math.inf
    maximum: float = -math.inf
    exponent: int = SMALLEST_EXPONENT
    counts: I64 = field(default_factory=_empty_bins)

    def update(self, values: F32) -> bool:
        """Add a batch; returns False (and adds nothing) if it holds NaN or infinity.

        Args:
            values: float32, any shape, first axis samples.
        """
        if values.size == 0:
            return True
        with np.errstate(invalid="ignore"):  # both propagate NaN
            low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            return False
        self.minimum = min(self.minimum, low)
        self.maximum = max(self.maximum, high)
        self._grow(max(abs(low), abs(high)))
        self._count(_thinned(values))
        return True

    def _grow(self, magnitude: float) -> None:
        needed = math.frexp(magnitude)[1]
        if needed <= self.exponent:
            return
        doublings = needed - self.exponent
        self.exponent = needed
        if not self.counts.any():
            return
        for _ in range(min(doublings, BIN_COUNT.bit_length())):
            merged = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.pad(merged, BIN_COUNT // 4)

    def _count(self, values: F32) -> None:
        # Bins per unit; multiplying by a power of two is exact.
        scale = math.ldexp(BIN_COUNT / 2, -self.exponent)
        scaled = values.reshape(-1) * np.float32(scale)
        np.floor(scaled, out=scaled)
        scaled += np.float32(BIN_COUNT // 2)
        self.counts += np.bincount(scaled.astype(np.intp), minlength=BIN_COUNT)
        zeros = values.size - np.count_nonzero(values)
        self.counts[BIN_COUNT // 2] -= zeros

    @property
    def bin_width(self) -> float:
        """Extent of one bin in real units."""
        return math.ldexp(2.0 / BIN_COUNT, self.exponent)

    def centers(self) -> F64:
        """Return the middle of every bin, [BIN_COUNT]."""
        index = np.arange(BIN_COUNT, dtype=np.float64) + 0.5 - BIN_COUNT / 2
        return index * self.bin_width


def _thinned(values: F32) -> F32:
    if values.size <= SUBSAMPLE_ABOVE:
        return values
    step = -(-values.size // SUBSAMPLE_ABOVE)
    per_sample = values.size // len(values)
    # Coprime with the sample's size, so that no channel, row or column is always left out.
    while math.gcd(step, per_sample) != 1:
        step += 1
    return values.reshape(-1)[::step]

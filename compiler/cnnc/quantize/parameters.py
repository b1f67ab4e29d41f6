"""From a real range to an int8 format (spec section 1, quantiser rules)."""

import math

import numpy as np

from cnnc.ir.types import INT8_MAX, INT8_MIN, Quantization

DEFAULT_SCALE = 1.0 / 128.0
"""Scale of a value that is always zero."""


def with_zero(low: float, high: float) -> tuple[float, float]:
    """Return the smallest range that holds low, high and 0."""
    return min(low, 0.0), max(high, 0.0)


def format_of_range(low: float, high: float) -> Quantization:
    """Return the int8 format that covers a real range.

    scale = f32((high - low) / 255), zero_point = clamp(round(-128 - low / scale)), after the range
    is extended to hold 0; a range of width 0 has scale 1/128.

    Args:
        low: Smallest real value, finite.
        high: Largest real value, finite, >= low.

    Raises:
        ValueError: The range is empty, not finite, or wider than float32 can express.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"[{low}, {high}] is not a range of finite numbers")
    low, high = with_zero(low, high)
    width = (high - low) / 255.0
    # Checked before the cast: NumPy would only warn.
    if width > float(np.finfo(np.float32).max):
        raise ValueError(f"range [{low:g}, {high:g}] is wider than float32 can express")
    scale = float(np.float32(width))
    if scale < float(np.finfo(np.float32).tiny):
        scale = DEFAULT_SCALE
    exact = INT8_MIN - low / scale
    zero_point = math.floor(exact + 0.5) if exact >= 0.0 else math.ceil(exact - 0.5)
    return Quantization(scale, min(max(zero_point, INT8_MIN), INT8_MAX))

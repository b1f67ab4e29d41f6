"""TFLite's fixed-point primitives in NumPy (spec section 2); clear before fast."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import (
    F32,
    I8,
    I32,
    I64,
    INT8_MAX,
    INT8_MIN,
    Activation,
    AnyArray,
    Quantization,
    Rounding,
)

INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1

IntLike = npt.NDArray[np.integer[Any]] | int


def wrap_int32(x: I64) -> I64:
    """Reduce to the int32 that C's wrap-around gives, held in int64."""
    return ((x + 2**31) & 0xFFFFFFFF) - 2**31


def saturating_rounding_doubling_high_multiply(a: I64, b: I64 | int) -> I64:
    """Return round(a*b / 2^31), ties toward +infinity, saturated (spec 2.1, "SRDHM").

    Args:
        a: int32 values held in int64, any shape.
        b: int32 values, broadcastable.
    """
    # Python-int b keeps int64: |a*b| <= 2^62, so the sum below fits.
    return np.minimum((a * b + 2**30) >> 31, INT32_MAX)


def rounding_divide_by_power_of_two(x: I64, exponent: IntLike) -> I64:
    """Return x / 2^exponent, ties away from zero (spec 2.2, "RDBPOT"); exponent >= 0."""
    e = np.asarray(exponent, dtype=np.int64)
    half = np.where(e > 0, np.left_shift(np.int64(1), np.maximum(e - 1, 0)), 0)
    sign = np.where(e > 0, x >> 63, 0)
    result: I64 = (x + sign + half) >> e
    return result


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Split a real multiplier >= 0 into an int32 mantissa and a shift (spec 2.4).

    Below 2^-32 the result is 0; from 2^30 on it saturates, as spec 2.4 has it for single rounding
    (double rounding leaves it undefined: the shifted accumulator would overflow anyway).

    Returns:
        (m, shift) with real ~= m * 2^(shift - 31), m in [2^30, 2^31) or 0, shift in [-31, 30].

    Raises:
        ValueError: The multiplier is negative, NaN or infinite.
    """
    if not (real >= 0.0 and math.isfinite(real)):
        raise ValueError(f"multiplier {real} is not a finite number >= 0")
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    quantized = math.floor(mantissa * 2**31 + 0.5)
    if quantized == 2**31:
        quantized //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return INT32_MAX, 30
    return quantized, shift


def quantize_multipliers(real: npt.NDArray[np.float64]) -> tuple[I32, I32]:
    """Apply ``quantize_multiplier`` to each channel; shapes [channels]."""
    pairs = [quantize_multiplier(float(value)) for value in real]
    return (
        np.array([pair[0] for pair in pairs], dtype=np.int32),
        np.array([pair[1] for pair in pairs], dtype=np.int32),
    )


REAL_LIMIT = 1024.0
"""Quotients x / scale are clamped to +-this before rounding: beyond +-255 every one saturates."""


def round_half_away(x: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Round to the nearest integer, ties away from zero, without double rounding."""
    rounded: npt.NDArray[np.floating[Any]] = np.trunc(x)
    fraction = x - rounded
    rounded = rounded + (fraction >= 0.5)
    return rounded - (fraction <= -0.5)


def quantize_real(real: F32, quantization: Quantization) -> I8:
    """Quantize float32 to int8, half away from zero in float32 (spec 4.14); any shape."""
    shifted = round_half_away(_quotient(real, quantization.scale)) + quantization.zero_point
    # NumPy's arithmetic makes a scalar of an array without axes.
    return np.asarray(np.clip(shifted, INT8_MIN, INT8_MAX).astype(np.int8))


def _quotient(real: F32, scale: float) -> F32:
    """Return real / scale in float32, clamped so that a cast to int is defined; NaN is lowest."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (real / np.float32(scale)).astype(np.float32)
    scaled = np.where(np.isnan(scaled), np.float32(-REAL_LIMIT), scaled)
    clamped: F32 = np.clip(scaled, np.float32(-REAL_LIMIT), np.float32(REAL_LIMIT))
    return clamped


def dequantize(q: AnyArray, quantization: Quantization) -> F32:
    """Return float(double(scale) * (q - zero_point)) (spec 4.14); any shape."""
    wide = quantization.scale * (q.astype(np.float64) - quantization.zero_point)
    return wide.astype(np.float32)


def activation_limits(activation: Activation, output: Quantization) -> tuple[int, int]:
    """Return the int8 interval that a fused activation clamps to (spec 2.5)."""

    def at(real: float) -> int:
        quotient = _quotient(np.asarray(real, dtype=np.float32), output.scale)
        return output.zero_point + int(round_half_away(quotient))

    low, high = activation.bounds()
    minimum = INT8_MIN if math.isinf(low) else max(INT8_MIN, at(low))
    maximum = INT8_MAX if math.isinf(high) else min(INT8_MAX, at(high))
    return minimum, maximum


@dataclass(frozen=True)
class Arithmetic:
    """The one choice in the int8 rules: how a scaled accumulator is rounded."""

    rounding: Rounding = "double"

    def rescale(self, x: npt.NDArray[np.integer[Any]], multiplier: IntLike, shift: IntLike) -> I64:
        """Return x * multiplier * 2^(shift - 31), rounded (spec 2.3, "MBQM").

        Args:
            x: int32 accumulators, any shape.
            multiplier: Mantissa(s) from ``quantize_multiplier``, broadcastable to x.
            shift: Shift(s) in [-31, 30], broadcastable to x.

        Returns:
            int64 array of x's shape.
        """
        wide = x.astype(np.int64)
        m = np.asarray(multiplier, dtype=np.int64)
        s = np.asarray(shift, dtype=np.int64)
        if self.rounding == "single":
            total = 31 - s
            # C stores the result in int32; it differs only where a shift > 0 overflows.
            return wrap_int32((wide * m + np.left_shift(np.int64(1), total - 1)) >> total)
        shifted = wrap_int32(wide << np.maximum(s, 0))
        high = saturating_rounding_doubling_high_multiply(shifted, m)
        return rounding_divide_by_power_of_two(high, np.maximum(-s, 0))

    def requantize(
        self,
        accumulator: npt.NDArray[np.integer[Any]],
        multiplier: IntLike,
        shift: IntLike,
        zero_point: int,
        limits: tuple[int, int] = (INT8_MIN, INT8_MAX),
    ) -> I8:
        """Scale int32 accumulators to int8: clamp(MBQM(acc) + zero_point, limits)."""
        shifted = self.rescale(accumulator, multiplier, shift) + zero_point
        return np.clip(shifted, limits[0], limits[1]).astype(np.int8)

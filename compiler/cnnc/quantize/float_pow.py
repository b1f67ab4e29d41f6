"""Powers in float32: the twin of runtime/cnnc_float_pow.h, to the bit."""

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import F32
from cnnc.quantize import float_math
from cnnc.quantize.float_math import INFINITY, LARGEST, LN2_HIGH, LN2_LOW, NAN

_F = np.float32
_LARGEST_EXPONENT = _F(1.09951163e12)


def _upper_half(x: F32) -> F32:
    return float_math.from_bits(float_math.bits_of(x) & np.int32(~0xFFF))


def _product(a: F32, b: F32) -> tuple[F32, F32]:
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low: F32 = a - a_high
    b_low: F32 = b - b_high
    high: F32 = a * b
    low: F32 = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low
    return high, low


def _log_pair(x: F32) -> tuple[F32, F32]:
    m, exponent = float_math.split(x)
    k = exponent.astype(np.float32)
    f, total = m - _F(1), m + _F(1)
    total_low = m - (total - _F(1))
    s: F32 = f / total
    back_high, back_low = _product(s, total)
    s_low = ((f - back_high) - back_low - s * total_low) / total
    tail = _F(2) * s_low + s * float_math.log_tail(s * s)
    whole = k * LN2_HIGH
    high = whole + _F(2) * s
    low = (_F(2) * s - (high - whole)) + (k * LN2_LOW + tail)
    result = high + low
    return result, low - (result - high)


def _pow_positive(size: F32, y: F32) -> F32:
    high, low = _log_pair(size)
    raised = np.where(y > -_LARGEST_EXPONENT, y, -_LARGEST_EXPONENT)
    bounded = np.where(raised < _LARGEST_EXPONENT, raised, _LARGEST_EXPONENT)
    product_high, product_low = _product(bounded, high)
    result: F32 = float_math.exp_of_sum(product_high, product_low + bounded * low)
    return result


def _parity(y: F32) -> npt.NDArray[np.int32]:
    size = float_math.absolute(y)
    is_large = ~(size < _F(16777216))
    whole = np.where(is_large, _F(0), size).astype(np.int32)
    parity = np.where(whole.astype(np.float32) < size, 0, 2 - (whole & 1))
    return np.where(is_large, 2, parity).astype(np.int32)


@float_math.quiet
def power(x: F32, y: F32) -> F32:
    """Return x^y with the special cases of C99's powf; float32 of one shape."""
    size, parity = float_math.absolute(x), _parity(y)
    extreme = (size == 0) | ~(size <= LARGEST)
    at_extremes = np.where((size == 0) == (y < 0), INFINITY, _F(0))
    inside = _pow_positive(np.where(extreme, _F(1), size), y)
    inside = np.where((x < 0) & (parity == 0), NAN, inside)
    result = np.where(extreme, at_extremes, inside)
    is_negative = (parity == 1) & (float_math.bits_of(x) < 0)
    result = np.where(is_negative & ~np.isnan(result), -result, result)
    result = np.where(np.isnan(x) | np.isnan(y), NAN, result)
    return np.where((x == 1) | (y == 0), _F(1), result)

"""Elementary functions in float32: the twin of runtime/cnnc_float_math.h, to the bit.

Every line here is a line there: + - * / in float32, each rounded to nearest, in the same order, and
the same operations on the bits. Where C returns early, the array is computed for a harmless
argument and the result replaced.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import F32, I32

Arguments = ParamSpec("Arguments")
_Bool = npt.NDArray[np.bool_]
_F = np.float32
_ZERO, _ONE, _TWO = _F(0), _F(1), _F(2)
INFINITY = _F(np.inf)
NAN = np.array([0x7FC00000], np.int32).view(np.float32)[0]
LARGEST = _F(3.40282347e38)
"""The largest finite float32."""
_LEAST_NORMAL = _F(1.17549435e-38)
_LOG2_E = _F(1.44269502)
LN2_HIGH = _F(0.693145752)
LN2_LOW = _F(1.42860677e-06)


def quiet(function: Callable[Arguments, F32]) -> Callable[Arguments, F32]:
    """Let a function overflow, underflow and meet NaN without a warning, as C does."""

    @wraps(function)
    def silent(*arguments: Arguments.args, **named: Arguments.kwargs) -> F32:
        with np.errstate(all="ignore"):
            return function(*arguments, **named)

    return silent


def bits_of(x: F32) -> I32:
    """Return the bits of each number."""
    return np.ascontiguousarray(x, dtype=np.float32).view(np.int32)


def from_bits(bits: npt.NDArray[Any]) -> F32:
    """Return the numbers with these bits; int32."""
    return np.ascontiguousarray(bits, dtype=np.int32).view(np.float32)


def absolute(x: F32) -> F32:
    """Return |x|: the sign bit cleared."""
    return from_bits(bits_of(x) & np.int32(0x7FFFFFFF))


def copy_sign(magnitude: F32, sign: F32) -> F32:
    """Return |magnitude| with the sign of sign."""
    positive = absolute(magnitude)
    return np.where(bits_of(sign) < 0, -positive, positive)


def clamp(x: F32, low: float, high: float) -> F32:
    """Return x within low .. high, either of which may be infinite; NaN stays.

    Unlike np.clip, it says which zero is the result at a bound of zero.
    """
    raised = np.where(x <= _F(low), _F(low), x) if low > -np.inf else x
    return np.where(raised >= _F(high), _F(high), raised) if high < np.inf else raised


def polynomial(x: F32, *coefficients: float) -> F32:
    """Evaluate by Horner's rule, highest power first."""
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = result * x + _F(coefficient)
    return result


def _nearest(x: F32) -> I32:
    result: I32 = (x + np.where(x < 0, _F(-0.5), _F(0.5))).astype(np.int32)
    return result


def _scale(y: F32, n: I32) -> F32:
    half = np.where(n < 0, -(-n // 2), n // 2)
    first = from_bits((half + 127) * 8388608)
    second = from_bits((n - half + 127) * 8388608)
    return y * first * second


def _expm1_near_zero(r: F32) -> F32:
    p = polynomial(r, 1.39418710e-03, 8.36867746e-03, 4.16663885e-02, 1.66665211e-01, 0.5)
    return r + r * r * p


def _with_limits(result: F32, x: F32, over: _Bool, below: tuple[_Bool, np.float32]) -> F32:
    result = np.where(over, INFINITY, result)
    result = np.where(below[0], below[1], result)
    return np.where(np.isnan(x), NAN, result)


@quiet
def exp_of_sum(x: F32, rest: F32) -> F32:
    """Return exp(x + rest) for a rest that is small beside x; float32, any shape."""
    over, below = x > _F(89), x < _F(-104)
    bounded = np.where(over | below | np.isnan(x), _ZERO, x)
    n = _nearest(bounded * _LOG2_E)
    k = n.astype(np.float32)
    r = (bounded - k * LN2_HIGH) - k * LN2_LOW + np.where(over | below, _ZERO, rest)
    result = _scale(_ONE + _expm1_near_zero(r), n)
    return _with_limits(result, x, over, (below, _ZERO))


def exp(x: F32) -> F32:
    """Return e to the power of x; float32, any shape."""
    result: F32 = exp_of_sum(x, np.zeros_like(x))
    return result


@quiet
def expm1(x: F32) -> F32:
    """Return exp(x) - 1; float32, any shape."""
    above, below = x > _F(17.5), x < _F(-17.5)
    bounded = np.where(above | below | np.isnan(x), _ZERO, x)
    n = _nearest(bounded * _LOG2_E)
    k = n.astype(np.float32)
    r = (bounded - k * LN2_HIGH) - k * LN2_LOW
    near, power = _expm1_near_zero(r), from_bits((n + 127) * 8388608)
    result = np.where(n == 0, near, power * near + (power - _ONE))
    result = np.where(above | np.isnan(x), exp(x), result)
    return np.where(below, _F(-1), result)


def split(x: F32) -> tuple[F32, I32]:
    """Return m and k with x = m 2^k, m within sqrt(1/2) .. sqrt(2); x positive and finite."""
    is_subnormal = x < _LEAST_NORMAL
    bits = bits_of(np.where(is_subnormal, x * _F(8388608), x))
    moved = bits + np.int32(0x3F800000 - 0x3F3504F3)
    exponent = (moved >> 23) - np.where(is_subnormal, 150, 127).astype(np.int32)
    return from_bits((moved & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)), exponent


def log_tail(z: F32) -> F32:
    """Return (2 atanh(s) - 2 s) / s for z = s^2."""
    return z * polynomial(z, 2.42801294e-01, 2.84987628e-01, 4.00009722e-01, 6.66666627e-01)


@quiet
def log(x: F32) -> F32:
    """Return the natural logarithm; float32, any shape. NaN below zero."""
    outside = ~(x > 0) | (x > LARGEST)
    m, exponent = split(np.where(outside, _ONE, x))
    f = m - _ONE
    s: F32 = f / (_TWO + f)
    k = exponent.astype(np.float32)
    result = k * LN2_HIGH - ((s * (f - log_tail(s * s)) - k * LN2_LOW) - f)
    result = np.where(x > LARGEST, INFINITY, result)
    result = np.where(x == 0, -INFINITY, result)
    return np.where((x < 0) | np.isnan(x), NAN, result)


@quiet
def log1p(x: F32) -> F32:
    """Return log(1 + x) for 0 <= x <= 1; float32, any shape."""
    total: F32 = _ONE + x
    lost: F32 = x - (total - _ONE)
    result: F32 = log(total) + lost / total
    return result


@quiet
def sigmoid(x: F32) -> F32:
    """Return 1 / (1 + exp(-x)); float32, any shape."""
    e = exp(-absolute(x))
    result: F32 = np.where(x < 0, e, _ONE) / (_ONE + e)
    return result


@quiet
def tanh(x: F32) -> F32:
    """Return the hyperbolic tangent; float32, any shape."""
    size, z = absolute(x), x * x
    p = polynomial(
        z, -5.71535481e-03, 2.06490103e-02, -5.37429899e-02, 1.33314848e-01, -3.33332837e-01
    )
    large = copy_sign(_ONE - _TWO / (exp(_TWO * size) + _ONE), x)
    result = np.where(size < _F(0.625), x + x * (z * p), large)
    return np.where(np.isnan(x), NAN, result)


def _erf_near_zero(x: F32) -> F32:
    p = polynomial(
        x * x,
        7.90774939e-05,
        -8.03246221e-04,
        5.19122602e-03,
        -2.68554054e-02,
        1.12836227e-01,
        -3.76126289e-01,
        1.28379166e-01,
    )
    return x + x * p


@quiet
def erf(x: F32) -> F32:
    """Return the error function; float32, any shape."""
    size = absolute(x)
    t = np.where(size < _F(4), size, _F(4))
    p = polynomial(
        t,
        -2.31978697e-06,
        3.69534318e-05,
        -2.34366089e-04,
        5.71823446e-04,
        1.68083643e-03,
        -2.11024284e-02,
        1.04053661e-01,
        6.36145592e-01,
        1.12845576e00,
    )
    large = copy_sign(_ONE - exp(-t * p), x)
    result = np.where(size < _F(0.9), _erf_near_zero(x), large)
    return np.where(np.isnan(x), NAN, result)


@quiet
def sqrt(x: F32) -> F32:
    """Return the exactly rounded square root; float32, any shape. NaN below zero."""
    return np.where((x < 0) | np.isnan(x), NAN, np.sqrt(x))

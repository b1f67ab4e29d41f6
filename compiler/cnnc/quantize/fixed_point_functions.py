"""Exponential, reciprocal and 1/sqrt in fixed point, in NumPy (spec 4.9, 4.17).

A number in Qi.f has i integer bits and f fraction bits, i + f = 31, held in int64.
"""

import numpy as np

from cnnc.ir.types import I64
from cnnc.quantize.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_multiply,
)

_ONE_THIRD = 715827883
"""1/3 in Q0.31, the cubic term of the exponential's Taylor polynomial."""
_EXP_OF_MINUS_EIGHTH = 1895147668
"""exp(-1/8) in Q0.31, the centre of the polynomial's interval [-1/4, 0)."""
_EXP_FACTORS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
"""(k, exp(-2^k) in Q0.31), one per bit of the argument above 1/4."""
_FIRST_GUESS = 1515870810
"""48/17 in Q2.29: the best constant of the linear first guess of a reciprocal on [1/2, 1]."""
_FIRST_GUESS_SLOPE = -1010580540
"""-32/17 in Q2.29: its slope."""
_NEWTON_STEPS = 3
_ROOT_STEPS = 5
_THREE_HALVES = (1 << 28) + (1 << 27)
"""3/2 in Q3.28."""
_HALF_ROOT_OF_TWO = 1518500250
"""sqrt(2) / 2 in Q0.31."""


def exp_of_negative(a: I64, integer_bits: int) -> I64:
    """Return exp(a) in Q0.31 for a <= 0.

    Args:
        a: Values in Q(integer_bits).(31 - integer_bits), none positive, any shape.
        integer_bits: 0..5.
    """
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    within = (a & (quarter - 1)) - quarter
    result = _exp_within_quarter(within << integer_bits)
    remainder = within - a
    for exponent, factor in _EXP_FACTORS:
        if integer_bits <= exponent:
            continue
        bit = (remainder >> (fraction_bits + exponent)) & 1
        scaled = saturating_rounding_doubling_high_multiply(result, factor)
        result = np.where(bit == 1, scaled, result)
    return np.where(a == 0, INT32_MAX, result)


def _exp_within_quarter(a: I64) -> I64:
    """Return exp(a) in Q0.31 for a in Q0.31 within [-1/4, 0): Taylor around -1/8."""
    multiply = saturating_rounding_doubling_high_multiply
    x = a + (1 << 28)
    x2 = multiply(x, x)
    x3 = multiply(x2, x)
    x4 = multiply(x2, x2)
    cubic = multiply(rounding_divide_by_power_of_two(x4, 2) + x3, _ONE_THIRD)
    tail = rounding_divide_by_power_of_two(cubic + x2, 1)
    return _EXP_OF_MINUS_EIGHTH + multiply(x + tail, _EXP_OF_MINUS_EIGHTH)


def reciprocal_of_one_plus(a: I64) -> I64:
    """Return 1 / (1 + a) in Q0.31 by three Newton steps from a linear guess.

    Args:
        a: Values in Q0.31 within [0, 1), any shape.
    """
    multiply = saturating_rounding_doubling_high_multiply
    half_denominator = (a + 2**31) >> 1
    x = _FIRST_GUESS + multiply(half_denominator, _FIRST_GUESS_SLOPE)
    for _ in range(_NEWTON_STEPS):
        error = (1 << 29) - multiply(half_denominator, x)
        x = x + _saturating_shift_left(multiply(x, error), 2)
    return _saturating_shift_left(x, 1)


def inverse_square_root(a: I64) -> tuple[I64, I64]:
    """Return 1 / sqrt(a) as mantissa and shift <= 0: mantissa * 2^(shift - 31).

    Newton's steps x = (3 x - a x^3) / 2 from 1, on a in Q3.28 between 1/4 and 1.

    Args:
        a: 0 <= a < 2^31, any shape; up to 1 the mantissa is the greatest.
    """
    multiply = saturating_rounding_doubling_high_multiply
    reduced, exponent = a, np.full_like(a, 11)
    while (reduced >= 1 << 29).any():
        is_large = reduced >= 1 << 29
        reduced = np.where(is_large, reduced // 4, reduced)
        exponent = exponent + is_large
    while (is_small := (reduced < 1 << 27) & (a > 1)).any():
        reduced = np.where(is_small, reduced * 4, reduced)
        exponent = exponent - is_small
    half = rounding_divide_by_power_of_two(reduced >> 1, 1)
    x = np.full_like(a, 1 << 28)
    for _ in range(_ROOT_STEPS):
        cube = _saturating_shift_left(multiply(multiply(x, x), x), 6)
        x = _saturating_shift_left(multiply(x, _THREE_HALVES) - multiply(half, cube), 3)
    mantissa = multiply(x, _HALF_ROOT_OF_TWO) << np.maximum(-exponent, 0)
    shift = -np.maximum(exponent, 0)
    return np.where(a <= 1, INT32_MAX, mantissa), np.where(a <= 1, 0, shift)


def _saturating_shift_left(x: I64, bits: int) -> I64:
    limit = (1 << (31 - bits)) - 1
    shifted = np.where(x > limit, INT32_MAX, x << bits)
    return np.where(x < -limit, INT32_MIN, shifted)

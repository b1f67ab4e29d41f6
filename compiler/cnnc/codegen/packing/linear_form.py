"""A linear form that gives every byte of a function of two int8 operands, proven on all 2^16 pairs.

    g(a, b) = clamp((floor(M1 a / 2^8) + floor(M2 b / 2^8) + c) >> S, -128, 127)

With v = floor(M1 a / 2^8) + floor(M2 b / 2^8), g(a, b) is a wanted y where

    y 2^S <= v + c (or y = -128)   and   v + c < (y + 1) 2^S (or y = 127),

so that c, given M1 and M2, lies in an interval for each pair, and g is proven if they all meet. The
roundings inside a quantized sum move its steps by about 2^-18 of a unit, the floors of g by 2^-20;
pairs that close to a step are few, and other multipliers nearby may suit them.
"""

from dataclasses import dataclass

import numpy as np

from cnnc.ir.types import I64, INT8_MAX, INT8_MIN
from cnnc.quantize.fixed_point import INT32_MAX, INT32_MIN

SHIFT = 21
"""S of the kernels."""
_OPERAND_SHIFT = 8
_TRIES = 48
_LARGEST_DEVIATION = 64
_NO_LIMIT = 2**62


@dataclass(frozen=True)
class LinearForm:
    """Constants of g.

    Attributes:
        first: M1, int32.
        second: M2, int32.
        addend: c, int32; no sum that contains it passes int32.
    """

    first: int
    second: int
    addend: int


def int8_values() -> I64:
    """Return -128..127."""
    return np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)


def find_linear_form(wanted: I64, first_slope: float, second_slope: float) -> LinearForm | None:
    """Return a form with g = wanted for all pairs, or None.

    Args:
        wanted: [256][256], result of each pair, operands from -128 on.
        first_slope: About how much the result grows with the first operand.
        second_slope: The same for the second.
    """
    scale = 2.0 ** (SHIFT + _OPERAND_SHIFT)
    if max(first_slope, second_slope) * scale >= INT32_MAX:
        return None
    generator = np.random.default_rng(0)
    deviations = generator.integers(-_LARGEST_DEVIATION, _LARGEST_DEVIATION + 1, (_TRIES, 2))
    deviations[0] = 0
    for first, second in deviations:
        multipliers = (
            round(first_slope * scale) + int(first),
            round(second_slope * scale) + int(second),
        )
        form = _with_addend(wanted, *multipliers)
        if form is not None:
            return form
    return None


def _with_addend(wanted: I64, first: int, second: int) -> LinearForm | None:
    if not 0 <= max(first, second) <= INT32_MAX:
        return None
    operands = int8_values()
    sums = ((first * operands) >> _OPERAND_SHIFT)[:, np.newaxis] + (
        (second * operands) >> _OPERAND_SHIFT
    )
    least = np.where(wanted > INT8_MIN, (wanted << SHIFT) - sums, -_NO_LIMIT).max()
    most = np.where(wanted < INT8_MAX, ((wanted + 1) << SHIFT) - 1 - sums, _NO_LIMIT).min()
    # The sum of the addend and the first operand's part lies between sums of all three.
    least = max(int(least), INT32_MIN - int(sums.min()), INT32_MIN)
    most = min(int(most), INT32_MAX - int(sums.max()), INT32_MAX)
    return LinearForm(first, second, (least + most) // 2) if least <= most else None

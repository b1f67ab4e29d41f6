"""A sum of two int8 tensors as one straight line, proven for all 65,536 pairs of operands.

Spec 4.4 rounds four times, but its result is nearly (q1 f1 + q2 f2 + c) / 2^s with f1 and f2 the
ratios of scales. With D = q1 f1 + q2 f2, the quotient rounded down is y where

    2^s y - D  <=  c  <  2^s (y + 1) - D,

with one side only at the limits of the result. A c that satisfies all pairs proves the line.
Factors beside the nearest ones are tried too: rounding makes the exact result no straight line, but
its steps rarely come closer to one than f1 and f2 can be chosen.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from cnnc.ir.types import I64, INT8_MAX, INT8_MIN
from cnnc.ops._sum import QuantSum
from cnnc.quantize.fixed_point import Arithmetic

_FRACTION_BITS = 20
"""Of the operands at their common scale (spec 4.4)."""
_STEEPER_BITS = range(20, 8, -1)
_NO_LIMIT = 2**62


@dataclass(frozen=True)
class StraightLine:
    """y = clamp((q1 first + q2 second + offset) >> shift).

    Attributes:
        first: f1.
        second: f2.
        offset: c.
        shift: s.
    """

    first: int
    second: int
    offset: int
    shift: int

    def sums(self) -> I64:
        """Return what is shifted, for all pairs of operands from -128 on, [256][256]."""
        return _products(self.first, self.second) + self.offset


def find_line(
    op: QuantSum,
    arithmetic: Arithmetic,
    shifts: Iterable[int],
    fits: Callable[[StraightLine], bool],
    *,
    beside: int = 2,
    step: int = 1,
) -> StraightLine | None:
    """Return a line that gives the spec's result for all pairs of operands, if one is found.

    Args:
        op: Sum or difference.
        arithmetic: How its result is rounded.
        shifts: Values of s, the best first.
        fits: Whether the kernel can compute a line.
        beside: How far factors are moved from the nearest ones.
        step: What c has to be a multiple of.
    """
    levels = _levels()
    wanted = op.combine(levels[:, np.newaxis], levels, arithmetic).astype(np.int64)
    output = _real(op.output_multiplier, op.output_shift + _FRACTION_BITS)
    first = output * _real(op.first_multiplier, op.first_shift)
    second = op.sign * output * _real(op.second_multiplier, op.second_shift)
    beside_nearest = sorted(itertools.product(range(-beside, beside + 1), repeat=2), key=_distance)
    for shift in shifts:
        nearest = round(first * 2**shift), round(second * 2**shift)
        if not fits(StraightLine(*nearest, 0, shift)):
            continue
        # Ties that are rounded away from zero need a steeper line.
        steeper = [tuple(factor >> bits for factor in nearest) for bits in _STEEPER_BITS]
        for move in itertools.chain(beside_nearest, steeper):
            factors = nearest[0] + move[0], nearest[1] + move[1]
            offset = _offset(op, _products(*factors), wanted, shift, step)
            if offset is not None and fits(line := StraightLine(*factors, offset, shift)):
                return line
    return None


def _offset(op: QuantSum, products: I64, wanted: I64, shift: int, step: int) -> int | None:
    """Return c, or None if there is none.

    Args:
        op: Its limits need no threshold, because what passes them is clamped.
        products: D of all pairs.
        wanted: What the spec gives for them.
        shift: s.
        step: What c is a multiple of.
    """
    least = int(np.where(wanted > op.minimum, (wanted << shift) - products, -_NO_LIMIT).max())
    end = int(np.where(wanted < op.maximum, ((wanted + 1) << shift) - products, _NO_LIMIT).min())
    low, high = -(-least // step), (end - 1) // step
    return (low + high) // 2 * step if low <= high else None


def _products(first: int, second: int) -> I64:
    levels = _levels()
    return first * levels[:, np.newaxis] + second * levels


def _levels() -> I64:
    return np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)


def _distance(move: tuple[int, ...]) -> int:
    return max(map(abs, move))


def _real(multiplier: int, shift: int) -> float:
    return float(multiplier * 2.0 ** (shift - 31))

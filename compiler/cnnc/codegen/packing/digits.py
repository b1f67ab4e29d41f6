"""Numbers of three digits, by which sums of bytes times wide factors become products of bytes.

With f = 2^2b h + 2^b m + l, a sum of products q f rounded down after 2b bits is

    sum q h + ((sum q m + ((sum q l) >> b)) >> b),

exactly, because floors of quotients nest. Each of the three sums is to fit in 16 bits.
"""

from dataclasses import dataclass

from cnnc.codegen.packing.straight_line import StraightLine
from cnnc.ir.types import INT8_MAX, INT8_MIN

_INT16_MIN = -(2**15)
_INT16_MAX = 2**15 - 1


@dataclass(frozen=True)
class Digits:
    """A number to the base 2^b; all digits but the highest lie in one interval of that size.

    Attributes:
        high: h.
        middle: m.
        low: l.
    """

    high: int
    middle: int
    low: int


@dataclass(frozen=True)
class Span:
    """A closed interval of integers."""

    low: int
    high: int

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)

    def times(self, factor: int) -> "Span":
        """Return the interval of products with a factor."""
        ends = self.low * factor, self.high * factor
        return Span(min(ends), max(ends))

    def shifted(self, bits: int) -> "Span":
        """Return the interval of quotients rounded down."""
        return Span(self.low >> bits, self.high >> bits)

    def is_int16(self) -> bool:
        """Return whether all of it fits in 16 bits."""
        return self.low >= _INT16_MIN and self.high <= _INT16_MAX


SIGNED_BYTES = Span(INT8_MIN, INT8_MAX)
UNSIGNED_BYTES = Span(0, 255)


def digits_of(number: int, bits: int, factors: Span = SIGNED_BYTES) -> Digits:
    """Return the digits of a number to the base 2^bits.

    Args:
        number: Any.
        bits: Of a digit.
        factors: Bytes by which the kernel multiplies: signed digits lie around 0, the others begin
            there.
    """
    lowest = -(1 << bits - 1) if factors.low < 0 else 0
    low = (number - lowest) % (1 << bits) + lowest
    rest = (number - low) >> bits
    middle = (rest - lowest) % (1 << bits) + lowest
    return Digits((rest - middle) >> bits, middle, low)


def fits_in_digits(line: StraightLine, bits: int, factors: Span = SIGNED_BYTES) -> bool:
    """Return whether each digit's sums of products fit in 16 bits, with carries and offset.

    The highest digit's offset is added with saturation, behind the carry.

    Args:
        line: What is computed of signed bytes.
        bits: Of a digit.
        factors: Bytes by which the kernel multiplies.
    """
    first, second = (digits_of(factor, bits, factors) for factor in (line.first, line.second))
    offset = digits_of(line.offset, bits, factors)
    highest = (first.high, second.high)
    if min(highest) < factors.low or max(highest) > factors.high:
        return False
    low = _products(first.low, second.low)
    middle = _products(first.middle, second.middle)
    high = _products(first.high, second.high)
    raised = low + Span(offset.low, offset.low)
    total = middle + raised.shifted(bits) + Span(offset.middle, offset.middle)
    parts = (low, raised, middle, total, high, high + total.shifted(bits))
    return Span(offset.high, offset.high).is_int16() and all(part.is_int16() for part in parts)


def _products(first: int, second: int) -> Span:
    return SIGNED_BYTES.times(first) + SIGNED_BYTES.times(second)

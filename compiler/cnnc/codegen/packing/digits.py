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
    """A number to the base 2^b; all digits but the highest lie in -2^(b - 1) .. 2^(b - 1) - 1.

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


def digits_of(number: int, bits: int) -> Digits:
    """Return the digits of a number to the base 2^bits."""
    half = 1 << bits - 1
    low = (number + half) % (1 << bits) - half
    rest = (number - low) >> bits
    middle = (rest + half) % (1 << bits) - half
    return Digits((rest - middle) >> bits, middle, low)


def fits_in_digits(line: StraightLine, bits: int, operands: Span) -> bool:
    """Return whether each digit's sums of products fit in 16 bits, carries and offset included.

    The highest digit's offset is added with saturation, behind the carry.

    Args:
        line: Its offset is a multiple of 2^bits.
        bits: Of a digit.
        operands: What both are multiplied as.
    """
    first, second = digits_of(line.first, bits), digits_of(line.second, bits)
    offset = digits_of(line.offset, bits)
    highest = (first.high, second.high)
    if min(highest) < INT8_MIN or max(highest) > INT8_MAX:
        return False
    low = operands.times(first.low) + operands.times(second.low)
    products = operands.times(first.middle) + operands.times(second.middle)
    middle = products + low.shifted(bits) + Span(offset.middle, offset.middle)
    high = operands.times(first.high) + operands.times(second.high)
    parts = (low, products, middle, high, high + middle.shifted(bits))
    return Span(offset.high, offset.high).is_int16() and all(part.is_int16() for part in parts)

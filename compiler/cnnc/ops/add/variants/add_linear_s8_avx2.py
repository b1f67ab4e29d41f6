"""Sum of two tensors by products of bytes with AVX2, where a straight line is proven for all pairs.

As ``add_linear_s8_neon``, but VPMADDUBSW multiplies by unsigned bytes, two of 127 at most if no sum
is to saturate: digits are 0..127.
"""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.binary_rows import lower_broadcast
from cnnc.codegen.packing.digits import UNSIGNED_BYTES, digits_of, fits_in_digits
from cnnc.codegen.packing.straight_line import StraightLine, find_line
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.add import QuantAdd
from cnnc.quantize.fixed_point import Arithmetic

KERNEL = "add_linear_s8_avx2"
_BITS = 7
"""Of a digit."""
_SHIFTS = range(2 * _BITS + 7, 2 * _BITS, -1)


def lower_digits(
    op: QuantAdd, site: LoweringSite, kernel: str, per_block: int
) -> Lowering | Refusal:
    """Return the call of a kernel with these digits; per_block is for sixteen elements."""
    arithmetic = Arithmetic(site.rounding)
    line = find_line(op, arithmetic, _SHIFTS, _fits)
    if line is None:
        return Refusal("no straight line gives the sum of all pairs of operands")
    first, second, offset = (
        digits_of(number, _BITS, UNSIGNED_BYTES)
        for number in (line.first, line.second, line.offset)
    )
    constants = {
        "first_high": first.high,
        "first_middle": first.middle,
        "first_low": first.low,
        "second_high": second.high,
        "second_middle": second.middle,
        "second_low": second.low,
        "offset_high": offset.high,
        "offset_middle": offset.middle,
        "offset_low": offset.low,
        "shift": line.shift - 2 * _BITS,
        "minimum": op.minimum,
        "maximum": op.maximum,
    }
    return lower_broadcast(op, site, kernel, constants, per_block)


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    return lower_digits(op, site, KERNEL, per_block=20)


def _fits(line: StraightLine) -> bool:
    return fits_in_digits(line, _BITS, UNSIGNED_BYTES)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAdd,
    instruction_set="avx2",
    summary="Products of bytes, sixteen elements at a time, proven for all pairs of bytes.",
    lower=_lower,
)

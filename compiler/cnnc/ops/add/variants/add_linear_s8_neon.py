"""Sum of two tensors by products of bytes, where a straight line is proven for all operands.

y = clamp((q1 f1 + q2 f2 + c) >> s) as of ``straight_line``. The factors are written in three digits
to the base 2^8, -128..127 each, so that the sums of one digit's products fit in 16 bits and carries
go from digit to digit.
"""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.binary_rows import lower_broadcast
from cnnc.codegen.packing.digits import digits_of, fits_in_digits
from cnnc.codegen.packing.straight_line import StraightLine, find_line
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.add import QuantAdd
from cnnc.quantize.fixed_point import Arithmetic

KERNEL = "add_linear_s8_neon"
_BITS = 8
"""Of a digit."""
_SHIFTS = range(2 * _BITS + 7, 2 * _BITS, -1)
_BESIDE = 4


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    arithmetic = Arithmetic(site.rounding)
    # Without a low digit of the offset, which would be one more addition, or else with it.
    line = find_line(op, arithmetic, _SHIFTS, _fits, beside=_BESIDE, step=1 << _BITS)
    line = line or find_line(op, arithmetic, _SHIFTS, _fits, beside=_BESIDE)
    if line is None:
        return Refusal("no straight line gives the sum of all pairs of operands")
    first, second = digits_of(line.first, _BITS), digits_of(line.second, _BITS)
    offset = digits_of(line.offset, _BITS)
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
    return lower_broadcast(op, site, KERNEL, constants, per_block=26)


def _fits(line: StraightLine) -> bool:
    return fits_in_digits(line, _BITS)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAdd,
    instruction_set="neon",
    summary="Products of bytes, sixteen elements at a time, proven for all pairs of bytes.",
    lower=_lower,
)

"""Sum of two tensors by products of 16 bits with AVX-512 VNNI, where a straight line is proven.

Where the factors of ``add_linear_s8_avx512vnni`` are too coarse: these have about seven bits more.
"""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.binary_rows import lower_broadcast
from cnnc.codegen.packing.straight_line import StraightLine, find_line
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import INT8_MIN
from cnnc.ops.add import QuantAdd
from cnnc.quantize.fixed_point import INT32_MAX, Arithmetic

KERNEL = "add_fine_s8_avx512vnni"
_BITS = 14
"""Of a low digit, which lies around zero."""
_OPERAND_SHIFT = 8
_SHIFTS = range(30, _BITS + 4, -1)
_INT16_MAX = 2**15 - 1


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    line = find_line(op, Arithmetic(site.rounding), _SHIFTS, _fits)
    if line is None:
        return Refusal("no straight line gives the sum of all pairs of operands")
    first_high, first_low = _digits(line.first)
    second_high, second_low = _digits(line.second)
    offset_high, offset_low = _offset_digits(line)
    constants = {
        "first_high": first_high,
        "first_low": first_low,
        "second_high": second_high,
        "second_low": second_low,
        "offset_high": offset_high,
        "offset_low": offset_low,
        "shift": line.shift - _BITS + _OPERAND_SHIFT,
        "minimum": op.minimum,
        "maximum": op.maximum,
    }
    return lower_broadcast(op, site, KERNEL, constants, per_block=10)


def _digits(number: int) -> tuple[int, int]:
    high = (number + (1 << _BITS - 1)) >> _BITS
    return high, number - (high << _BITS)


def _offset_digits(line: StraightLine) -> tuple[int, int]:
    return _digits(line.offset << _OPERAND_SHIFT)


def _fits(line: StraightLine) -> bool:
    """Return whether the high digits fit in 16 bits and their sum, with all else, in 32.

    The low digits' sum is below 2^29 in magnitude, and its carry below 2^15.
    """
    highs = _digits(line.first)[0], _digits(line.second)[0]
    products = sum(map(abs, highs)) * -INT8_MIN << _OPERAND_SHIFT
    rest = abs(_offset_digits(line)[0]) + 2**15
    return max(map(abs, highs)) <= _INT16_MAX and products + rest <= INT32_MAX


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAdd,
    instruction_set="avx512vnni",
    summary="Products of 16 bits, 64 elements at a time, proven for all pairs of bytes.",
    lower=_lower,
)

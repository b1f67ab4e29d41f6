"""Sum of two tensors without 64-bit products: one straight line, proven for all operands.

Spec 4.4 rounds four times, but its result is nearly (q1 f1 + q2 f2 + c) / 2^s with f1 and f2 the
ratios of scales. With D = q1 f1 + q2 f2, the quotient rounded down is at least y where
D >= 2^s y - c. So all 65,536 pairs of operands agree with the spec if, for every y,

    2^s y - min D where the spec gives y or more  <=  c  <  2^s y - max D where it gives less,

which a c satisfies if the largest left side is below the smallest right side. Factors beside the
nearest ones are tried too.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I64, INT8_MAX, INT8_MIN, elements
from cnnc.ops.add import QuantAdd
from cnnc.quantize.fixed_point import INT32_MAX, Arithmetic

KERNEL = "add_linear_s8_armv6m"
_FRACTION_BITS = 20
"""Of the operands at their common scale (spec 4.4)."""
_SHIFTS = range(23, 11, -1)
_BESIDE = (0, 1, -1, 2, -2)


@dataclass(frozen=True)
class AddLine:
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


def find_line(op: QuantAdd, arithmetic: Arithmetic) -> AddLine | None:
    """Return a line that gives the spec's result for all pairs of operands, if one is found."""
    levels = np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)
    wanted = op.combine(levels[:, np.newaxis], levels, arithmetic).astype(np.int64)
    output = _real(op.output_multiplier, op.output_shift + _FRACTION_BITS)
    first = output * _real(op.first_multiplier, op.first_shift)
    second = output * _real(op.second_multiplier, op.second_shift)
    for shift in _SHIFTS:
        nearest = round(first * 2**shift), round(second * 2**shift)
        if 128 * sum(nearest) > INT32_MAX:
            continue
        for step_first, step_second in itertools.product(_BESIDE, _BESIDE):
            factors = nearest[0] + step_first, nearest[1] + step_second
            sums = levels[:, np.newaxis] * factors[0] + levels * factors[1]
            offset = _offset(op, sums, wanted, shift)
            if offset is not None and abs(sums + offset).max() <= INT32_MAX:
                return AddLine(*factors, offset, shift)
    return None


def _offset(op: QuantAdd, sums: I64, wanted: I64, shift: int) -> int | None:
    """Return c, or None if there is none.

    Args:
        op: Its limits need no threshold, because what passes them is clamped.
        sums: D of all pairs.
        wanted: What the spec gives for them.
        shift: s.
    """
    results = np.unique(wanted)
    least = np.array([sums[wanted == y].min() for y in results])
    most = np.array([sums[wanted == y].max() for y in results])
    lowest = (results << shift) - np.minimum.accumulate(least[::-1])[::-1]
    highest = ((results + 1) << shift) - np.maximum.accumulate(most) - 1
    low = int(lowest[results > op.minimum].max(initial=-INT32_MAX))
    high = int(highest[results < op.maximum].min(initial=INT32_MAX))
    return (low + high) // 2 if low <= high else None


def _real(multiplier: int, shift: int) -> float:
    return float(multiplier * 2.0 ** (shift - 31))


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse repeated operands and scales for which no line is found."""
    size = elements(site.output)
    if any(elements(shape) != size for shape in site.inputs):
        return Refusal("an operand is repeated")
    line = find_line(op, Arithmetic(site.rounding))
    if line is None:
        return Refusal("no straight line gives the sum of all pairs of operands")
    parameters = {
        "size": size,
        "first_factor": line.first,
        "second_factor": line.second,
        "offset": line.offset,
        "shift": line.shift,
        "minimum": op.minimum,
        "maximum": op.maximum,
    }
    arguments = (InputArgument(0), InputArgument(1), OutputArgument())
    per_element = 10 if "armv7m" in site.instruction_sets else 17
    return Lowering(
        calls=(KernelCall(KERNEL, "add", parameters, arguments),),
        in_place=(0, 1),
        instructions=40 + per_element * size,
    )


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAdd,
    instruction_set="armv6m",
    summary="Operands of one shape in 32-bit arithmetic, proven for all pairs of bytes.",
    lower=_lower,
)

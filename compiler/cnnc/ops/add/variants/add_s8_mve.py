"""Sum of two tensors with Helium, as one straight line.

y = clamp((a q1 + b q2 + c) >> s) for integers a, b, c, s, found by comparing with the exact result
for all 65536 pairs of operands. Rounding makes the exact result no straight line, but its steps
rarely come closer to one than a and b can be chosen. For given a and b, every pair that gives y
bounds c: y 2^s <= a q1 + b q2 + c < (y + 1) 2^s, with one side only at the clamp's limits.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import (
    Argument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I64, elements
from cnnc.ops.add import QuantAdd
from cnnc.quantize.fixed_point import Arithmetic

_KERNEL = "add_s8_mve"
_MOST_FRACTION_BITS = 24
_LEAST_FRACTION_BITS = 12
_NEIGHBOURS = 2
"""How far factors are moved from the rounded ones."""
_OPERANDS: I64 = np.arange(-128, 128)


@dataclass(frozen=True)
class _Line:
    """y = clamp((first q1 + second q2 + constant) >> fraction_bits)."""

    first: int
    second: int
    constant: int
    fraction_bits: int


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse broadcasting and sums that no line gives exactly."""
    size = elements(site.output)
    if any(elements(shape) != size for shape in site.inputs):
        return Refusal("an operand is broadcast")
    line = _find_line(op, Arithmetic(site.rounding))
    if line is None:
        return Refusal("no straight line gives the same bytes")
    parameters = {
        "size": size,
        "first_factor": line.first,
        "second_factor": line.second,
        "constant": line.constant,
        "fraction_bits": line.fraction_bits,
        "minimum": op.minimum,
        "maximum": op.maximum,
    }
    arguments: tuple[Argument, ...] = (InputArgument(0), InputArgument(1), OutputArgument())
    call = KernelCall(_KERNEL, "add", parameters, arguments)
    return Lowering(calls=(call,), in_place=(0, 1), instructions=2 * size + 80)


def _find_line(op: QuantAdd, arithmetic: Arithmetic) -> _Line | None:
    results = op.combine(_OPERANDS[:, np.newaxis], _OPERANDS, arithmetic).astype(np.int64)
    for bits in range(_MOST_FRACTION_BITS, _LEAST_FRACTION_BITS - 1, -1):
        for first, second in _factors(op, bits):
            line = _fit(op, results, first, second, bits)
            if line is not None:
                return line
    return None


def _factors(op: QuantAdd, bits: int) -> Iterator[tuple[int, int]]:
    """Return factors near the real ones, the nearest first."""
    output = op.output_multiplier * 2.0 ** (op.output_shift + 20 - 31 + bits)
    first = round(op.first_multiplier * 2.0 ** (op.first_shift - 31) * output)
    second = round(op.second_multiplier * 2.0 ** (op.second_shift - 31) * output)
    moves = range(-_NEIGHBOURS, _NEIGHBOURS + 1)
    for move in sorted(itertools.product(moves, moves), key=lambda move: max(map(abs, move))):
        yield first + move[0], second + move[1]


def _fit(op: QuantAdd, results: I64, first: int, second: int, bits: int) -> _Line | None:
    """Return the line with these factors if one is exact and stays within int32."""
    sums = first * _OPERANDS[:, np.newaxis] + second * _OPERANDS
    if sums.max() - sums.min() >= 2**32:
        return None
    above, below = results > op.minimum, results < op.maximum
    least = int(((results << bits) - sums)[above].max(initial=-(2**31) - int(sums.min())))
    end = int((((results + 1) << bits) - sums)[below].min(initial=2**31 - int(sums.max())))
    constant = (least + end - 1) // 2
    if least >= end:
        return None
    return _Line(first, second, constant, bits)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantAdd,
    instruction_set="mve",
    summary="Operands of one shape, as one straight line where that is exact.",
    lower=_lower,
)

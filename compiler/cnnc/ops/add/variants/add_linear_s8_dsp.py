"""Elements four at a time, two products each, where a linear form gives every byte."""

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.packing.linear_form import find_linear_form, int8_values
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import elements
from cnnc.ops.add import QuantAdd
from cnnc.quantize.fixed_point import Arithmetic

_FRACTION_BITS = 20
"""Of the operands at their common scale (spec 4.4)."""


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    size = elements(site.output)
    if any(elements(shape) != size for shape in site.inputs):
        return Refusal("an operand is repeated")
    operands = int8_values()
    wanted = op.combine(operands[:, None], operands[None, :], Arithmetic(site.rounding))
    output = _real(op.output_multiplier, op.output_shift) * 2.0**_FRACTION_BITS
    first = _real(op.first_multiplier, op.first_shift) * output
    second = _real(op.second_multiplier, op.second_shift) * output
    form = find_linear_form(wanted.astype("int64"), first, second)
    if form is None:
        return Refusal("no linear form gives the sum of all pairs of operands exactly")
    call = KernelCall(
        "add_linear_s8_dsp",
        "add",
        {
            "size": size,
            "first_multiplier": form.first,
            "second_multiplier": form.second,
            "addend": form.addend,
        },
        (InputArgument(0), InputArgument(1), OutputArgument()),
    )
    in_place = (0, 1)
    return Lowering(calls=(call,), in_place=in_place, instructions=45 + 24 * (size // 4))


def _real(multiplier: int, shift: int) -> float:
    return multiplier * 2.0 ** (shift - 31)


VARIANT = KernelVariant(
    kernel="add_linear_s8_dsp",
    op=QuantAdd,
    instruction_set="dsp",
    summary="Two operands of one shape, two products an element, proven for all pairs of bytes.",
    lower=_lower,
)

"""Sums along a straight line: the line is proven, and the kernel computes it."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Activation, Rounding
from cnnc.ops.add import Add, QuantAdd
from cnnc.ops.add.variants.add_linear_s8_armv6m import find_line
from cnnc.quantize.fixed_point import Arithmetic

KERNEL = "add_linear_s8_armv6m"
SHAPES = ((1, 3, 5), (1, 3, 5))
CASES = [
    OpCase("same_scales", Add(), SHAPES),
    OpCase("unequal_scales", Add(), SHAPES, ((-1, 1), (-7, 3)), output_range=(-5, 4)),
    OpCase("relu", Add(Activation.RELU), SHAPES, ((-1, 2), (-3, 1))),
    OpCase("relu6", Add(Activation.RELU6), SHAPES, ((-9, 9), (-9, 9))),
    OpCase("narrow_result", Add(), SHAPES, ((-4, 4), (-4, 4)), output_range=(-0.5, 0.2)),
    OpCase("part_of_the_range", Add(), SHAPES, ((-1, 1), (-1, 1)), output_range=(-4.1, 5.3)),
    OpCase("faint_operand", Add(), SHAPES, ((-0.01, 0.01), (-9, 9))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bytes_are_the_references(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_line_gives_all_pairs(case: OpCase, rounding: Rounding) -> None:
    op = quantized_case(case, rounding).nodes[0].op
    assert isinstance(op, QuantAdd)
    arithmetic = Arithmetic(rounding)
    line = find_line(op, arithmetic)
    assert line is not None
    levels = np.arange(-128, 128, dtype=np.int64)
    sums = levels[:, np.newaxis] * line.first + levels * line.second + line.offset
    assert abs(sums).max() < 2**31
    found = np.clip(sums >> line.shift, op.minimum, op.maximum)
    assert (found == op.combine(levels[:, np.newaxis], levels, arithmetic)).all()


def test_refuses_a_repeated_operand() -> None:
    case = OpCase("broadcast", Add(), ((1, 3, 5), (1, 1, 5)))
    assert refusal(case, KERNEL) == "an operand is repeated"

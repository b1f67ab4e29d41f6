"""The sum of two tensors as a linear form: proof, remainders, zero points, scales, refusals."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.packing.linear_form import SHIFT, find_linear_form, int8_values
from cnnc.ir.types import Activation, Rounding
from cnnc.ops.add import Add

KERNEL = "add_linear_s8_dsp"


def case(
    size: int,
    first: tuple[float, float] = (-1.0, 1.0),
    second: tuple[float, float] = (-1.3, 0.4),
    activation: Activation = Activation.NONE,
    output: tuple[float, float] | None = None,
) -> OpCase:
    shape = (1, size)
    return OpCase("add", Add(activation), (shape, shape), (first, second), output_range=output)


@pytest.mark.parametrize("size", [*range(1, 10), 255, 256, 4097])
def test_every_remainder(size: int) -> None:
    check_variant(case(size), KERNEL)


@pytest.mark.parametrize("second", [(0.0, 0.01), (-7.0, 0.0), (-0.6, 31.0), (-1.02, 1.0)])
@pytest.mark.parametrize("activation", [Activation.NONE, Activation.RELU])
@pytest.mark.parametrize("rounding", ["double", "single"])
def test_scales(second: tuple[float, float], activation: Activation, rounding: Rounding) -> None:
    check_variant(case(64, (0.0, 2.3), second, activation), KERNEL, rounding)


def test_outputs_that_saturate() -> None:
    check_variant(case(4096, output=(-0.9, 0.4713)), KERNEL)


def test_both_operands_give_up_their_memory() -> None:
    answer = lowered(quantized_case(case(8), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.in_place == (0, 1)


def test_form_is_equal_for_all_pairs() -> None:
    values = int8_values()
    exact = np.clip(
        np.floor(0.7313719 * values[:, None] + 0.2171893 * values + 11.30071), -128, 127
    )
    wanted = exact.astype(np.int64)
    form = find_linear_form(wanted, 0.7313719, 0.2171893)
    assert form is not None
    sums = ((form.first * values) >> 8)[:, None] + ((form.second * values) >> 8) + form.addend
    assert np.array_equal(np.clip(sums >> SHIFT, -128, 127), wanted)


def test_there_is_no_form_for_another_function() -> None:
    values = int8_values()
    assert find_linear_form(np.maximum(values[:, None], values), 0.5, 0.5) is None


def test_refuses_operands_that_repeat() -> None:
    repeated = OpCase("add", Add(), ((1, 2, 8), (1, 1, 8)))
    assert refusal(repeated, KERNEL) == "an operand is repeated"


def test_refuses_slopes_beyond_the_multiplier() -> None:
    steep = case(16, (-8.0, 8.0), (-1.0, 1.0), output=(-0.5, 0.5))
    assert "no linear form" in refusal(steep, KERNEL)


def test_refuses_ties_that_are_rounded_away_from_zero() -> None:
    ties = case(16, (-1.0, 1.0), (-1.0, 1.0), output=(-2.0, 2.0))
    assert "no linear form" in refusal(ties, KERNEL)

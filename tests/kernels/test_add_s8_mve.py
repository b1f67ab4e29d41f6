"""Sum with Helium: remainders, formats that a straight line gives exactly, refusals."""

import pytest
from tests.ops.test_add import CASES as OPERATOR_CASES
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Activation
from cnnc.ops.add import Add

KERNEL = "add_s8_mve"

CASES = [
    *[case for case in OPERATOR_CASES if len(set(case.input_shapes)) == 1 and not case.constants],
    *(OpCase(f"elements_{size}", Add(), ((size,), (size,))) for size in (7, 8, 9, 16, 23)),
    OpCase("scales_of_1_to_100", Add(), ((17,), (17,)), ((-0.01, 0.01), (-1.0, 1.0))),
    OpCase(
        "narrow_relu6", Add(Activation.RELU6), ((40,), (40,)), ((-1.1, 7), (0, 9.3)), {}, (-2, 12.7)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gives_the_bytes_of_the_reference(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-2:], ids=str)
def test_gives_the_bytes_of_the_reference_with_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


def test_refuses_broadcasting() -> None:
    case = next(case for case in OPERATOR_CASES if case.name == "channels")
    assert "broadcast" in refusal(case, KERNEL)


def test_refuses_sums_that_are_no_straight_line() -> None:
    # A result 2^21 times finer than the operands: what they round to shows in every byte.
    case = OpCase("fine", Add(), ((9,), (9,)), ((-1.0, 1.0), (-0.7, 0.9)), {}, (-1e-5, 1e-5))
    assert "straight line" in refusal(case, KERNEL)

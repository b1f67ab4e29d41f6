"""Fully connected layers with Helium: remainders of channels and depth, and a refusal."""

import pytest
from tests.ops.test_fully_connected import CASES as OPERATOR_CASES
from tests.ops.test_fully_connected import fully_connected
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

KERNEL = "fully_connected_s8_mve"

CASES = [
    *[case for case in OPERATOR_CASES if case.name != "multiplier_above_one"],
    *(
        OpCase(f"{outputs}_from_{inputs}", fully_connected(outputs, inputs), ((1, inputs),))
        for outputs, inputs in ((8, 15), (16, 32), (17, 48), (7, 64), (24, 33), (9, 31))
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gives_the_bytes_of_the_reference(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-2:], ids=str)
def test_gives_the_bytes_of_the_reference_with_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


def test_refuses_multipliers_of_one_and_more() -> None:
    case = next(case for case in OPERATOR_CASES if case.name == "multiplier_above_one")
    assert "1 or more" in refusal(case, KERNEL)

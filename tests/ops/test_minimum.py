"""The smaller of two tensors: every engine, the reader."""

import pytest
from tests.support.binary_cases import (
    BROADCASTS,
    Shapes,
    broadcast_cases,
    check_reads,
    integer_cases,
)
from tests.support.op_cases import OpCase, check_case, check_real_case

from cnnc.ops.minimum import Minimum

CASES = broadcast_cases(Minimum())
INTEGER_CASES = integer_cases(Minimum())


@pytest.mark.parametrize("case", [*CASES, *INTEGER_CASES], ids=str)
def test_real_numbers_and_integers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", [CASES[0], CASES[3]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("opset", [8, 13, 17])
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
def test_reads_onnx(opset: int, shapes: Shapes) -> None:
    check_reads("Min", opset, shapes)

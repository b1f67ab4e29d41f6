"""Softplus: the emitted C on int8 and on real numbers, the reader."""

from collections.abc import Mapping

import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.unary_cases import unary_cases

from cnnc.ops.softplus import Softplus

CASES = unary_cases(Softplus(), (-4.0, 4.0))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_real_numbers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("attributes", [{}])
@pytest.mark.parametrize("opset", [7, 17])
def test_reads_onnx(attributes: Mapping[str, float], opset: int) -> None:
    check_onnx("Softplus", attributes, [(1, 3, 4, 5)], opset)

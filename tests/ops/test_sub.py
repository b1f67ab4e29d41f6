"""Elementwise differences: every engine, the reader, and the edges of broadcasting."""

import numpy as np
import pytest
from tests.support.binary_cases import BROADCASTS, Shapes, check_reads, integer_cases, linear_cases
from tests.support.op_cases import OpCase, check_case, check_real_case, tflite_refusals

from cnnc.ir.types import Activation
from cnnc.ops.sub import Sub

CASES = linear_cases(Sub)
INTEGER_CASES = integer_cases(Sub())


@pytest.mark.parametrize("case", [*CASES, *INTEGER_CASES], ids=str)
def test_real_numbers_and_integers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", [CASES[0], CASES[4]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("opset", [7, 13, 17])
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
def test_reads_onnx(opset: int, shapes: Shapes) -> None:
    check_reads("Sub", opset, shapes)


def test_float_sub_clamps() -> None:
    first = np.array([[[-3.0, 0.5]], [[2.0, 9.0]]], dtype=np.float32)
    second = np.array([[1.0], [1.0]], dtype=np.float32)
    result = Sub(Activation.RELU6).evaluate([first, second])
    np.testing.assert_array_equal(result, [[[0.0, 0.0]], [[1.0, 6.0]]])


def test_tflite_refuses_a_tiny_output_scale() -> None:
    case = OpCase(
        "tiny",
        Sub(),
        ((8,), (8,)),
        ((-4e6, 4e6), (-1, 1)),
        output_range=(-1, 1),
        not_expressible=True,
    )
    check_case(case)
    assert "output scale" in tflite_refusals(case)[0].reason


def test_tflite_refuses_more_groups_than_its_kernel_has() -> None:
    shapes = ((2, 1, 3, 1, 2, 1), (1, 3, 1, 2, 1, 4))
    case = OpCase("six_groups", Sub(), shapes, not_expressible=True)
    check_case(case)
    assert "up to rank 5" in tflite_refusals(case)[0].reason

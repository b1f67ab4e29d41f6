"""ReduceL2, ReduceProd, ReduceLogSum, ReduceLogSumExp on real numbers, ONNX's spellings."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.ops.reduce_real import Function, ReduceReal

CASES = [
    OpCase(f"{function}_{name}", ReduceReal(axes, keep_dims, function), (shape,), ((0.1, 2.0),))
    for function in Function
    for name, axes, shape, keep_dims in [
        ("image", (1, 2), (2, 5, 3, 6), True),
        ("channels", (2,), (3, 4, 7), False),
        ("apart", (0, 2), (2, 3, 4), True),
        ("everything", (0, 1), (2, 3), False),
    ]
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_within_an_int8_network() -> None:
    check_case(CASES[0])


@pytest.mark.parametrize("op_type", ["ReduceL2", "ReduceProd", "ReduceLogSumExp"])
@pytest.mark.parametrize("axes", [[2, 3], [1], [0, 2]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reads_axes(op_type: str, axes: list[int], keepdims: int) -> None:
    shape = (2, 3, 2, 2)
    check_onnx(op_type, {"axes": axes, "keepdims": keepdims}, [shape], opset=13)
    constants = {1: np.array(axes, dtype=np.int64)}
    check_onnx(op_type, {"keepdims": keepdims}, [shape], opset=18, constants=constants)


@pytest.mark.parametrize("op_type", ["ReduceL2", "ReduceProd", "ReduceLogSumExp"])
def test_no_axes_means_all(op_type: str) -> None:
    check_onnx(op_type, {}, [(1, 2, 3)], opset=18)
    check_onnx(op_type, {"keepdims": 0}, [(2, 1)], opset=11)


def test_logarithm_of_a_sum() -> None:
    x = np.array([[[1.0, 2.0], [0.5, 0.5]]], np.float32)
    op = ReduceReal((1,), False, Function.LOG_SUM)
    np.testing.assert_allclose(op.evaluate([x]), np.log([[3.0, 1.0]]), rtol=1e-6)
    np.testing.assert_allclose(op.evaluate_in_order([x]), np.log([[3.0, 1.0]]), rtol=1e-6)


def test_length_of_one_element_is_its_magnitude() -> None:
    check_onnx("ReduceL2", {"axes": [2], "keepdims": 0}, [(2, 3, 1)], opset=11)

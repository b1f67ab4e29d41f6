"""LogSoftmax: on real numbers, ONNX's two definitions."""

import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.errors import CnncError
from cnnc.ir.types import Shape
from cnnc.ops.log_softmax import LogSoftmax

CASES = [
    OpCase("log_softmax_ten", LogSoftmax(1), ((3, 10),), ((-8.0, 8.0),)),
    OpCase("log_softmax_one", LogSoftmax(1), ((2, 1),)),
    OpCase("log_softmax_vector", LogSoftmax(0), ((100,),), ((-60.0, 60.0),)),
    OpCase("log_softmax_five_axes", LogSoftmax(4), ((1, 2, 2, 2, 3),)),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_within_an_int8_network() -> None:
    check_case(CASES[0])


@pytest.mark.parametrize("axis", [None, -1, 0, 1, 2, 3])
def test_one_axis(axis: int | None) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check_onnx("LogSoftmax", attributes, [(2, 3, 4, 5)], opset=13)


@pytest.mark.parametrize("axis", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 10, 1, 1)])
def test_flattened_axes(axis: int | None, shape: Shape) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check_onnx("LogSoftmax", attributes, [shape], opset=11)


def test_refusals() -> None:
    with pytest.raises(CnncError, match="axis 3 does not exist in rank 3"):
        check_onnx("LogSoftmax", {"axis": 3}, [(2, 3, 4)], opset=13)
    with pytest.raises(CnncError, match="over axis 0"):
        LogSoftmax(0).output_shape([(2, 3)])

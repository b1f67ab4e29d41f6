"""Elementwise differences: every engine, the reader, and the edges of broadcasting."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, tflite_refusals

from cnnc.ir.types import F32, Activation, ElementType, Shape
from cnnc.ops.sub import Sub


def _constant(*shape: int) -> F32:
    return np.linspace(-1.5, 0.7, int(np.prod(shape)), dtype=np.float32).reshape(shape)


CASES = (
    OpCase("equal_shapes", Sub(), ((1, 5, 5, 7), (1, 5, 5, 7))),
    OpCase("one_element", Sub(), ((1, 1), (1, 1))),
    OpCase("unequal_scales", Sub(), ((3, 41), (3, 41)), ((-0.01, 0.02), (-9.0, 4.0))),
    OpCase("zero_points_lowest", Sub(), ((2, 33), (2, 33)), ((0.0, 3.0), (0.0, 1.0))),
    OpCase("zero_points_highest", Sub(), ((2, 33), (2, 33)), ((-3.0, 0.0), (-1.0, 0.0))),
    OpCase("zero_points_opposite", Sub(), ((2, 33), (2, 33)), ((-3.0, 0.0), (0.0, 2.0))),
    OpCase("saturates", Sub(), ((64,), (64,)), output_range=(-0.1, 0.2)),
    OpCase("relu", Sub(Activation.RELU), ((1, 4, 4, 3), (1, 4, 4, 3))),
    OpCase("relu6", Sub(Activation.RELU6), ((50,), (50,)), ((-8, 8), (-8, 8)), {}, (-1, 9)),
    OpCase("relu_n1_to_1", Sub(Activation.RELU_N1_TO_1), ((50,), (50,)), output_range=(-2, 2)),
    OpCase("channels", Sub(), ((1, 4, 5, 6), (1, 1, 1, 6))),
    OpCase("channels_first_operand", Sub(), ((6,), (1, 4, 5, 6)), ((0, 1), (-1, 1))),
    OpCase("pixels", Sub(), ((1, 4, 5, 6), (1, 4, 5, 1))),
    OpCase("pixels_first_operand", Sub(), ((1, 4, 5, 1), (1, 4, 5, 6))),
    OpCase("both_repeat", Sub(), ((3, 1), (1, 4)), ((0, 1), (-1, 0))),
    OpCase("single_element", Sub(Activation.RELU), ((1, 3, 3, 2), (1,)), ((-1, 1), (-2, 0))),
    OpCase("five_groups", Sub(), ((2, 1, 3, 1, 2), (1, 3, 1, 2, 1))),
    OpCase("rank_7", Sub(), ((1, 2, 1, 3, 1, 2, 2), (1, 1, 1, 3, 1, 1, 1))),
    OpCase("constant_channels", Sub(), ((1, 3, 3, 8),), constants={1: _constant(1, 1, 1, 8)}),
    OpCase("constant_first", Sub(), ((1, 3, 3, 8),), constants={0: _constant(1, 3, 3, 8)}),
    OpCase("constant_positive", Sub(), ((4, 9),), constants={1: np.full((1, 1), 3.0, np.float32)}),
    OpCase("constant_scalar", Sub(), ((4, 9),), constants={1: np.array(-0.5, np.float32)}),
)

INTEGER_CASES = tuple(
    OpCase(f"{kind}", Sub(), ((1, 3, 4), (3, 1)), ((0, 100), (0, 90)), input_types=(kind, kind))
    for kind in ElementType
    if kind is not ElementType.FLOAT32
)


@pytest.mark.parametrize("case", [*CASES, *INTEGER_CASES], ids=str)
def test_real_numbers_and_integers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", [CASES[0], CASES[11]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("opset", [7, 13, 17])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1, 3, 4, 5), (1, 3, 4, 5)),
        ((1, 3, 4, 5), (3, 1, 1)),
        ((5,), (1, 3, 4, 5)),
        ((2, 7), (2, 1)),
        ((1, 3, 4, 5), (1, 1, 4, 1)),
    ],
)
def test_reads_onnx(opset: int, first: Shape, second: Shape) -> None:
    check_onnx("Sub", {}, [first, second], opset)
    check_onnx("Sub", {}, [first], opset, {1: _constant(*second)})
    check_onnx("Sub", {}, [second], opset, {0: _constant(*first)})


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

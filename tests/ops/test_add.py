"""Elementwise sums: every engine, the reader, and the edges of broadcasting."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, tflite_refusals

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import F32, Activation, ElementType, Quantization, Shape
from cnnc.ops._broadcast import merge_axes
from cnnc.ops.add import Add, QuantAdd
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic


def _constant(*shape: int) -> F32:
    return np.linspace(-1.5, 0.7, int(np.prod(shape)), dtype=np.float32).reshape(shape)


CASES = (
    OpCase("equal_shapes", Add(), ((1, 5, 5, 7), (1, 5, 5, 7))),
    OpCase("one_element", Add(), ((1, 1), (1, 1))),
    OpCase("unequal_scales", Add(), ((3, 41), (3, 41)), ((-0.01, 0.02), (-9.0, 4.0))),
    OpCase("zero_points_lowest", Add(), ((2, 33), (2, 33)), ((0.0, 3.0), (0.0, 1.0))),
    OpCase("zero_points_highest", Add(), ((2, 33), (2, 33)), ((-3.0, 0.0), (-1.0, 0.0))),
    OpCase("zero_points_opposite", Add(), ((2, 33), (2, 33)), ((-3.0, 0.0), (0.0, 2.0))),
    OpCase("saturates", Add(), ((64,), (64,)), output_range=(-0.1, 0.2)),
    OpCase("relu", Add(Activation.RELU), ((1, 4, 4, 3), (1, 4, 4, 3))),
    OpCase("relu6", Add(Activation.RELU6), ((50,), (50,)), ((-8, 8), (-8, 8)), {}, (-1, 9)),
    OpCase("relu_n1_to_1", Add(Activation.RELU_N1_TO_1), ((50,), (50,)), output_range=(-2, 2)),
    OpCase("channels", Add(), ((1, 4, 5, 6), (1, 1, 1, 6))),
    OpCase("channels_first_operand", Add(), ((6,), (1, 4, 5, 6)), ((0, 1), (-1, 1))),
    OpCase("pixels", Add(), ((1, 4, 5, 6), (1, 4, 5, 1))),
    OpCase("pixels_first_operand", Add(), ((1, 4, 5, 1), (1, 4, 5, 6))),
    OpCase("both_repeat", Add(), ((3, 1), (1, 4)), ((0, 1), (-1, 0))),
    OpCase("single_element", Add(Activation.RELU), ((1, 3, 3, 2), (1,)), ((-1, 1), (-2, 0))),
    OpCase("six_groups", Add(), ((2, 1, 3, 1, 2, 1), (1, 3, 1, 2, 1, 4))),
    OpCase("rank_7", Add(), ((1, 2, 1, 3, 1, 2, 2), (1, 1, 1, 3, 1, 1, 1))),
    OpCase("constant_channels", Add(), ((1, 3, 3, 8),), constants={1: _constant(1, 1, 1, 8)}),
    OpCase("constant_first", Add(), ((1, 3, 3, 8),), constants={0: _constant(1, 3, 3, 8)}),
    OpCase("constant_positive", Add(), ((4, 9),), constants={1: np.full((1, 1), 3.0, np.float32)}),
    OpCase("constant_scalar", Add(), ((4, 9),), constants={1: np.array(-0.5, np.float32)}),
)

INTEGER_CASES = tuple(
    OpCase(f"{kind}", Add(), ((1, 3, 4), (3, 1)), ((0, 100), (0, 90)), input_types=(kind, kind))
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
    check_onnx("Add", {}, [first, second], opset)
    check_onnx("Add", {}, [first], opset, {1: _constant(*second)})
    check_onnx("Add", {}, [second], opset, {0: _constant(*first)})


def test_a_constant_per_channel_is_stored_channel_last() -> None:
    model = check_onnx("Add", {}, [(1, 3, 4, 5)], constants={1: _constant(1, 3, 1, 1)})
    assert model.inputs[0].storage_axes == (0, 2, 3, 1)
    assert [array.shape for array in model.constants.values()] == [(1, 1, 1, 3)]


def test_float_add_clamps() -> None:
    first = np.array([[[-3.0, 0.5]], [[2.0, 9.0]]], dtype=np.float32)
    second = np.array([[1.0], [1.0]], dtype=np.float32)
    result = Add(Activation.RELU6).evaluate([first, second])
    np.testing.assert_array_equal(result, [[[0.0, 1.5]], [[3.0, 6.0]]])


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(UnsupportedAttributeError, match=r"\[2, 3\] and \[2, 4\] do not broadcast"):
        Add().output_shape([(2, 3), (2, 4)])


def test_more_groups_of_axes_than_the_kernels_have() -> None:
    first, second = (2, 1, 2, 1, 2, 1, 2), (1, 2, 1, 2, 1, 2, 1)
    with pytest.raises(UnsupportedAttributeError, match="more than 6 groups of axes"):
        Add().output_shape([first, second])


def test_axes_that_broadcast_alike_merge() -> None:
    axes = merge_axes((1, 6, 5, 8), (1, 1, 1, 8))
    assert axes.extents == (30, 8)
    assert axes.strides(axes.first) == (8, 1)
    assert axes.strides(axes.second) == (0, 1)
    parameters = axes.kernel_parameters()
    assert parameters["extent_4"] == 30
    assert parameters["second_stride_5"] == 1
    assert parameters["extent_0"] == 1


def _quant_add(first: Quantization, second: Quantization, output: Quantization) -> QuantAdd:
    shape = (1, 256)
    context = QuantizeContext("add", "double", (first, second), (shape, shape), output, shape)
    op = Add().quantize(context)
    assert isinstance(op, QuantAdd)
    return op


def test_a_tiny_output_scale_saturates_instead_of_wrapping() -> None:
    one = Quantization(1.0, 0)
    op = _quant_add(one, one, Quantization(float(np.float32(1e-9)), 0))
    q = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 256)
    expected = np.where(q > 0, 127, np.where(q < 0, -128, 0))
    np.testing.assert_array_equal(op.evaluate([q, q], Arithmetic()), expected)
    np.testing.assert_array_equal(op.evaluate([q, q], Arithmetic("single")), expected)


def test_tflite_refuses_a_tiny_output_scale() -> None:
    case = OpCase(
        "tiny",
        Add(),
        ((8,), (8,)),
        ((-4e6, 4e6), (-1, 1)),
        output_range=(-1, 1),
        not_expressible=True,
    )
    check_case(case)
    assert "output scale" in tflite_refusals(case)[0].reason


@pytest.mark.parametrize("opset", [8, 13, 17])
def test_reads_sums_of_any_number(opset: int) -> None:
    check_onnx("Sum", {}, [(1, 3, 4, 5)], opset)
    check_onnx("Sum", {}, [(1, 3, 4, 5), (3, 1, 1), (5,)], opset)
    check_onnx("Sum", {}, [(1, 3, 4, 5), (1, 3, 4, 5)], opset, {1: _constant(3, 1, 1)})

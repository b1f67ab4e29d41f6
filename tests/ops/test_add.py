"""Elementwise sums: every engine, the reader, and the edges of broadcasting."""

import numpy as np
import pytest
from tests.support.binary_cases import (
    BROADCASTS,
    Shapes,
    check_reads,
    constant,
    integer_cases,
    linear_cases,
)
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, tflite_refusals

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Activation, Quantization
from cnnc.ops._broadcast import merge_axes
from cnnc.ops.add import Add, QuantAdd
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

CASES = (
    *linear_cases(Add),
    OpCase("six_groups", Add(), ((2, 1, 3, 1, 2, 1), (1, 3, 1, 2, 1, 4))),
)
INTEGER_CASES = integer_cases(Add())


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
    check_reads("Add", opset, shapes)


def test_a_constant_per_channel_is_stored_channel_last() -> None:
    model = check_onnx("Add", {}, [(1, 3, 4, 5)], constants={1: constant(1, 3, 1, 1)})
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
    check_onnx("Sum", {}, [(1, 3, 4, 5), (1, 3, 4, 5)], opset, {1: constant(3, 1, 1)})

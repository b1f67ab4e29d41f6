"""Elementwise products: every engine, the reader, saturation."""

import numpy as np
import pytest
from tests.support.binary_cases import constant, integer_cases
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, tflite_refusals

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Activation, Quantization, Shape
from cnnc.ops.mul import Mul
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

CASES = (
    OpCase("equal_shapes", Mul(), ((1, 5, 5, 7), (1, 5, 5, 7))),
    OpCase("one_element", Mul(), ((1, 1), (1, 1))),
    OpCase("zero_points_lowest", Mul(), ((2, 33), (2, 33)), ((0.0, 3.0), (0.0, 1.0))),
    OpCase("zero_points_highest", Mul(), ((2, 33), (2, 33)), ((-3.0, 0.0), (-1.0, 0.0))),
    OpCase("zero_points_opposite", Mul(), ((2, 33), (2, 33)), ((-3.0, 0.0), (0.0, 2.0))),
    OpCase("multiplier_above_one", Mul(), ((64,), (64,)), ((-99, 99), (-9, 9)), {}, (-0.5, 0.7)),
    OpCase("multiplier_tiny", Mul(), ((64,), (64,)), output_range=(-400.0, 400.0)),
    OpCase("relu", Mul(Activation.RELU), ((1, 4, 4, 3), (1, 4, 4, 3))),
    OpCase("relu6", Mul(Activation.RELU6), ((50,), (50,)), ((-3, 3), (-3, 3)), {}, (-9, 9)),
    OpCase("relu_n1_to_1", Mul(Activation.RELU_N1_TO_1), ((50,), (50,)), output_range=(-2, 2)),
    OpCase("squeeze_and_excitation", Mul(), ((1, 4, 5, 6), (1, 1, 1, 6)), ((-2, 2), (0, 1))),
    OpCase("channels_first_operand", Mul(), ((6,), (1, 4, 5, 6)), ((0, 1), (-1, 1))),
    OpCase("pixels", Mul(), ((1, 4, 5, 6), (1, 4, 5, 1))),
    OpCase("pixels_first_operand", Mul(), ((1, 4, 5, 1), (1, 4, 5, 6))),
    OpCase("both_repeat", Mul(), ((3, 1), (1, 4)), ((0, 1), (-1, 0))),
    OpCase("rank_5_merged", Mul(), ((1, 2, 2, 3, 4), (1, 1, 1, 3, 1))),
    OpCase("constant_channels", Mul(), ((1, 3, 3, 8),), constants={1: constant(1, 1, 1, 8)}),
    OpCase("constant_first", Mul(), ((1, 3, 3, 8),), constants={0: constant(1, 3, 3, 8)}),
    OpCase("constant_negative", Mul(), ((4, 9),), constants={1: np.full((1,), -2, np.float32)}),
)
INTEGER_CASES = integer_cases(Mul())


@pytest.mark.parametrize("case", [*CASES, *INTEGER_CASES], ids=str)
def test_real_numbers_and_integers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", [CASES[0], CASES[5], CASES[10]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("opset", [7, 13, 17])
@pytest.mark.parametrize(
    ("first", "second"),
    [((1, 3, 4, 5), (1, 3, 4, 5)), ((1, 3, 4, 5), (1, 3, 1, 1)), ((1,), (2, 7))],
)
def test_reads_onnx(opset: int, first: Shape, second: Shape) -> None:
    check_onnx("Mul", {}, [first, second], opset)
    check_onnx("Mul", {}, [second], opset, {0: constant(*first)})


def test_reads_a_scalar() -> None:
    check_onnx("Mul", {}, [(2, 3)], constants={1: np.array(-2.5, dtype=np.float32)})


def test_float_mul_clamps() -> None:
    first = np.array([[-3.0, 0.5, 4.0]], dtype=np.float32)
    second = np.array([[2.0]], dtype=np.float32)
    result = Mul(Activation.RELU6).evaluate([first, second])
    np.testing.assert_array_equal(result, [[0.0, 1.0, 6.0]])


def test_many_samples_are_combined_piecewise() -> None:
    shape = (700, 800)
    formats = (Quantization(0.5, 3), Quantization(0.25, -7))
    output = Quantization(16.0, 1)
    context = QuantizeContext("mul", "double", formats, (shape, (800,)), output, shape)
    generator = np.random.default_rng(0)
    first = generator.integers(-128, 128, (3, *shape), dtype=np.int8)
    second = generator.integers(-128, 128, (3, 800), dtype=np.int8)
    op = Mul().quantize(context)
    result = op.evaluate([first, second], Arithmetic())
    for sample in range(3):
        part = slice(sample, sample + 1)
        alone = op.evaluate([first[part, 99:102, :50], second[part, :50]], Arithmetic())
        np.testing.assert_array_equal(result[part, 99:102, :50], alone)


def test_a_huge_multiplier_saturates_instead_of_wrapping() -> None:
    one = Quantization(1.0, 0)
    output = Quantization(float(np.float32(1e-9)), 0)
    context = QuantizeContext("mul", "double", (one, one), ((1, 256), (1,)), output, (1, 256))
    q = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 256)
    other = np.full((1, 1), 127, dtype=np.int8)
    expected = np.where(q > 0, 127, np.where(q < 0, -128, 0))
    op = Mul().quantize(context)
    np.testing.assert_array_equal(op.evaluate([q, other], Arithmetic()), expected)
    np.testing.assert_array_equal(op.evaluate([q, other], Arithmetic("single")), expected)


def test_tflite_refuses_what_it_cannot_compute() -> None:
    huge = OpCase(
        "huge",
        Mul(),
        ((8,), (8,)),
        ((-4e6, 4e6), (-99, 99)),
        output_range=(-1, 1),
        not_expressible=True,
    )
    check_case(huge)
    assert "overflows" in tflite_refusals(huge)[0].reason
    shapes = ((2, 1, 2, 1, 3), (1, 2, 1, 2, 1))
    ranks = OpCase("ranks", Mul(), shapes, not_expressible=True)
    check_case(ranks)
    assert "up to rank 4" in tflite_refusals(ranks)[0].reason


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(UnsupportedAttributeError, match=r"\[3\] and \[2, 4\] do not broadcast"):
        Mul().output_shape([(3,), (2, 4)])
